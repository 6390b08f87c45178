"""What a provider said when it would not take a message: a bounce at the door.

An SMTP server tells at RCPT that there is no such mailbox, and no event will follow. The
dispatcher hands what it heard over in the transaction that stores the outcomes; from the inbox on
it goes the way of every provider's events.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from newsletter.dispatch.mailing import delivery_key
from newsletter.dispatch.outcomes import Lesson
from newsletter.feedback.bounce_policy import blame
from newsletter.feedback.errors import UnreadableBody
from newsletter.feedback.events import EventKind, NormalEvent
from newsletter.feedback.models import INBOX_ITEM
from newsletter.feedback.settling import Weight, add_to_tally
from newsletter.one_line import one_line
from newsletter.providers.base import Outcome, Provider
from subscribers.addresses import mask_within
from subscribers.upsert import insert

INBOX = "refusals"
"""What stands for the provider in the inbox."""

_BY_MAIL_SERVER = re.compile(r"421|[45]5\d", re.ASCII)
"""RFC 5321 §4.2.3: the replies that are about mail, and none that HTTP has."""
_HELD_BACK = "4.7."
"""RFC 3463 §3.8, for the moment: a server that slows us down says nothing about the reader."""


def learn(session: Session, lessons: Sequence[Lesson], *, provider: Provider, now: float) -> None:
    """Keep whom the provider turned away, and weigh what it took, in the caller's transaction.

    Tallies are locked here, in the order of their editions: after everything else.
    """
    words = [word for lesson in lessons for word in _words(lesson)]
    if words:
        body = json.dumps({"provider": provider.name, "refusals": words}).encode()
        kept = {"provider": INBOX, "received_at": now, "body": body, "done": 0, "attempts": 0}
        session.execute(insert(session, INBOX_ITEM).values(kept))
    if provider.tells_later:
        return
    weights: dict[int, Weight] = {}
    for lesson in lessons:
        weight = weights.setdefault(lesson.edition_id, Weight())
        weight.settled += lesson.accepted + len(lesson.turned_away)
    for edition_id, weight in sorted(weights.items()):
        add_to_tally(session, edition_id, weight)


def _words(lesson: Lesson) -> list[dict[str, str]]:
    return [
        {
            "reference": delivery_key(lesson.edition_id, result.subscriber_id),
            "code": result.outcome.code,
            "status": result.outcome.enhanced or "",
            "reason": mask_within(one_line(result.outcome.text)),
        }
        for result in lesson.turned_away
        if _is_about_the_mail(result.outcome)
    ]


def _is_about_the_mail(outcome: Outcome) -> bool:
    """Whether a mail server said it, for the reader's or our sake: other words teach nothing."""
    if outcome.enhanced is not None:
        return not outcome.enhanced.startswith(_HELD_BACK)
    return _BY_MAIL_SERVER.fullmatch(outcome.code) is not None


def normalise(body: bytes, *, received_at: float) -> list[NormalEvent]:
    """Put what `learn` has kept into events.

    Raises:
        UnreadableBody: it is none of ours.
    """
    try:
        kept = json.loads(body)
        return [_event(kept["provider"], word, received_at) for word in kept["refusals"]]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableBody(f"These are no refusals that a dispatcher kept: {error!r}") from error


def _event(provider: str, word: Mapping[str, Any], at: float) -> NormalEvent:
    status, reason = word["status"] or None, word["reason"]
    return NormalEvent(
        provider=provider,
        kind=EventKind.REFUSED,
        at=at,
        reference=word["reference"],
        email="",
        raw={"event": "refused", **word},
        code=status,
        reason=f"{word['code']} {reason}".strip(),
        summary=status or word["code"],
        bounce=blame(status, reason),
    )
