"""An issue whose mail has a wanted size: so many octets, with forty links."""

import datetime as dt
import itertools
from collections.abc import Callable

from emails.issue import Issue

LINKS = 40
STORY = (
    "Compute is scarce this season, and whoever has it says so; the rest write papers about doing "
    "more with less, which our desk reads for you, table by table, before the first coffee."
)
WORDS_A_PARAGRAPH = 60
_FAR = 40


def issue_of_size(date: dt.date, octets: int, measure: Callable[[Issue], int]) -> Issue:
    """An issue for which `measure` (the octets of its mail) gives about `octets`.

    Its essay is made as long as that takes: a paragraph costs the same wherever it stands.
    """
    shortest = measure(_issue(date, 1))
    paragraph = (measure(_issue(date, 1 + _FAR)) - shortest) / _FAR
    return _issue(date, 1 + max(0, round((octets - shortest) / paragraph)))


def _issue(date: dt.date, paragraphs: int) -> Issue:
    words = itertools.cycle(STORY.split())
    essay = [" ".join(itertools.islice(words, WORDS_A_PARAGRAPH)) for _ in range(paragraphs)]
    return Issue.model_validate(
        {
            "schema": 1,
            "date": date.isoformat(),
            "title": "Measured at the press",
            "sections": [
                {"kind": "essay", "body": "\n\n".join(essay)},
                {
                    "kind": "links",
                    "heading": "From the wire",
                    "items": [_link(number) for number in range(1, LINKS + 1)],
                },
            ],
        }
    )


def _link(number: int) -> dict[str, str]:
    return {
        "title": f"Story number {number} of the day",
        "url": f"https://wire.example/stories/{number}",
        "source": f"Wire {number}",
        "summary": "What happened, and why it matters to those who were not there.",
    }
