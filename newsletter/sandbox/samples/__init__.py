"""Sample data, all of it invented: a newspaper, three of its editions, and its readers."""

from dataclasses import dataclass
from importlib.resources import files

from emails.issue import Issue
from emails.issue_files import parse_issue

PUBLICATION = {
    "slug": "inference-ledger",
    "name": "The Inference Ledger",
    "sender": "The Inference Ledger <desk@ledger.example>",
    "postal_address": "The Inference Ledger, 4 Sample Quay, 12345 Exampletown",
    "time_zone": "Europe/Berlin",
    "topics": [
        {"key": "labs", "label": "AI Labs"},
        {"key": "wire", "label": "From the Wire"},
        {"key": "papers", "label": "Research Papers"},
        {"key": "benchmarks", "label": "Benchmarks"},
        {"key": "trending", "label": "Trending"},
    ],
}
"""The `[publication]` table of newsletter.toml."""


@dataclass(frozen=True)
class SampleEdition:
    """An edition file as it stands in this package, and the issue that it holds."""

    name: str
    source: str
    issue: Issue


def sample_editions() -> tuple[SampleEdition, ...]:
    """The sample editions, oldest first."""
    names = sorted(file.name for file in files(__name__).iterdir() if file.name.endswith(".yaml"))
    return tuple(_read(name) for name in names)


def _read(name: str) -> SampleEdition:
    source = (files(__name__) / name).read_text("utf-8")
    return SampleEdition(name, source, parse_issue(source, name=name).issue)
