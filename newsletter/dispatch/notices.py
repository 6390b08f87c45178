"""Notices go out: confirmations and other small mails, each to one person.

They have their own slot of the provider's rate, so that a large edition never holds them up.
Unlike an edition's mail, a notice in doubt is sent again: twice is better than never.
"""

import logging
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from pydantic import ValidationError
from sqlmodel import Session, col, or_, select

from emails.composition import Composition
from emails.errors import EmailsError
from emails.mime import MailHeaders
from emails.notices import NoticeKind, compose_notice
from newsletter.database import Database, db_now
from newsletter.dispatch.ledger import monotonic
from newsletter.dispatch.mailing import ascii_address, notice_key
from newsletter.dispatch.models import Notice
from newsletter.dispatch.outcomes import BACKOFF_SECONDS, MAX_ATTEMPTS, REASON_LENGTH, backoff
from newsletter.dispatch.outlet import hand_over
from newsletter.dispatch.pacing import NOTICES, Pace
from newsletter.dispatch.permission import why_unsafe
from newsletter.one_line import one_line
from newsletter.providers.base import (
    AuthenticationRefused,
    Mailing,
    Outcome,
    OutcomeKind,
    Provider,
    Recipient,
    RequestRefused,
)
from newsletter.publications import Publication
from newsletter.settings import Settings
from newsletter.site import Site
from newsletter.tokens import Purpose
from subscribers.models import Subscriber

log = logging.getLogger(__name__)

AT_ONCE = 20
"""Notices handed over together at most; fewer where that is more than a second's worth."""
LONGEST_PAUSE = 120.0
"""Most seconds between two tries while the provider is away: somebody waits for a confirmation."""
NOBODYS_FAULT = frozenset({"unreachable", "not-begun"})
"""Codes that say nothing about the notice: it was never offered."""
EDITION = "notice"
"""What stands for an edition's id in the provider's events about a notice."""


@dataclass(frozen=True)
class _Letter:
    """A notice that is ours, made ready; `refused` says why it can't be sent."""

    notice_id: int
    token: str
    mailing: Mailing | None
    refused: str = ""


class NoticeSender:
    """Sends what is queued, with one provider."""

    def __init__(
        self, database: Database, provider: Provider, settings: Settings, *, pace: Pace
    ) -> None:
        self._database = database
        self._provider = provider
        self._settings = settings
        self._site = Site.of(settings)
        self._pace = pace

    def step(self) -> int:
        """Send notices that are due, as many as go at once; return how many."""
        deadline = monotonic() + self._settings.lease_seconds
        letters = self._database.transact(partial(self._claim, deadline=deadline))
        flights = [
            (letter, hand_over(self._provider, letter.mailing))
            for letter in letters
            if letter.mailing is not None
        ]
        outcomes = {letter.notice_id: _outcome(flight) for letter, flight in flights}
        for letter in letters:
            refused = Outcome.refused("unsent", letter.refused)
            outcome = refused if letter.refused else outcomes.get(letter.notice_id)
            if outcome is not None:
                self._database.transact(partial(_finish, letter=letter, outcome=outcome))
        return len(letters)

    def _claim(self, session: Session, *, deadline: float) -> list[_Letter]:
        notices = _due(session, most=self._pace.window(AT_ONCE, NOTICES))
        name = self._provider.name
        if not notices or self._pace.reserve(session, name, NOTICES, len(notices)) > 0:
            return []
        now = session.exec(select(db_now())).one()
        leased = (self._lease(session, notice, now, deadline=deadline) for notice in notices)
        return [letter for letter in leased if letter is not None]

    def _lease(
        self, session: Session, notice: Notice, now: float, *, deadline: float
    ) -> _Letter | None:
        publication = session.get_one(Publication, notice.publication_id)
        problems = why_unsafe(self._settings, publication, self._provider)
        if problems:
            log.error("notices wait: %s", " ".join(problems))
            notice.due_at = now + 60.0
            session.add(notice)
            return None
        notice.state, notice.token = "leased", secrets.token_hex(8)
        notice.leased_until = now + self._settings.lease_seconds
        notice.attempt += 1
        session.add(notice)
        email = notice.email or (self._settings.alert_email if notice.kind == "alert" else "")
        if not email:
            return _Letter(notice.key, notice.token, None, "ALERT_EMAIL is not set")
        try:
            mailing = self._mailing(session, notice, publication, email, now=now, deadline=deadline)
        except (EmailsError, ValidationError) as error:
            return _Letter(notice.key, notice.token, None, str(error))
        return _Letter(notice.key, notice.token, mailing)

    def _mailing(
        self,
        session: Session,
        notice: Notice,
        publication: Publication,
        email: str,
        *,
        now: float,
        deadline: float,
    ) -> Mailing:
        """The notice, not to be begun after `deadline`, when another worker may take it over."""
        headers = MailHeaders(
            sender=publication.sender,
            reply_to=publication.reply_to,
            date=time.time(),
            message_id_domain=publication.sender_domain,
            auto_submitted=True,
        )
        key, site = notice_key(notice.key), self._site
        comes_back_to = site.notice_return_path(notice.key) if site.bounce_address else ""
        return Mailing(
            composition=self._compose(session, notice, publication, now=now),
            headers=headers,
            recipients=[Recipient(key, ascii_address(email), headers.message_id(key), {})],
            edition=EDITION,
            batch=key,
            return_path=(lambda _: comes_back_to) if comes_back_to else None,
            may_begin=lambda: monotonic() < deadline,
            urgent=True,
        )

    def _compose(
        self, session: Session, notice: Notice, publication: Publication, *, now: float
    ) -> Composition:
        fields = self._fields(notice, publication, now=now)
        brand = publication.brand(self._site.base_url)
        reader = notice.subscriber_id and session.get(Subscriber, notice.subscriber_id)
        language = (reader.language if reader else "") or publication.language
        return compose_notice(cast("NoticeKind", notice.kind), brand, language=language, **fields)

    def _fields(self, notice: Notice, publication: Publication, *, now: float) -> dict[str, Any]:
        """What the notice's words need. Tokens are minted here, when it is sent, and never stored."""
        reader, epoch = notice.subscriber_id or 0, int(notice.data.get("epoch", 0))
        match notice.kind:
            case "confirm":
                return {"url": self._site.confirm_url(publication, reader, epoch, now=now)}
            case "welcome":
                return {
                    page: self._site.fresh_url(publication, reader, epoch, page=page, now=now)
                    for page in ("preferences", "unsubscribe")
                }
            case "preferences":
                return {"url": self._site.fresh_url(publication, reader, epoch, now=now)}
            case "copy" | "erasure" as wish:
                page, purpose = f"my-data/{wish}", Purpose[wish.upper()]
                url = self._site.fresh_url(
                    publication, reader, epoch, page=page, purpose=purpose, now=now
                )
                return {"url": url}
            case _:
                return notice.data


def _due(session: Session, *, most: int) -> Sequence[Notice]:
    """The notices that are due, at most so many, locked."""
    return session.exec(
        select(Notice)
        .where(
            col(Notice.due_at) <= db_now(),
            or_(
                Notice.state == "queued",
                # left behind by a dead worker: sent again
                (col(Notice.state) == "leased") & (col(Notice.leased_until) < db_now()),
            ),
        )
        .order_by(col(Notice.due_at), col(Notice.id))
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()


def _outcome(flight: Future[Sequence[Outcome]]) -> Outcome:
    error = flight.exception()
    if error is None:
        return flight.result()[0]
    if isinstance(error, AuthenticationRefused):
        about_us = not isinstance(error, RequestRefused)  # that may lie in this very notice
        return Outcome.later("refused", str(error), provider_wide=about_us)
    return Outcome.unsure("failed", repr(error))


def _finish(session: Session, *, letter: _Letter, outcome: Outcome) -> None:
    notice = session.exec(
        select(Notice)
        .where(Notice.id == letter.notice_id, Notice.token == letter.token)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if notice is None:
        return  # another worker has taken it over
    now = session.exec(select(db_now())).one()
    notice.token = notice.leased_until = None
    notice.error = one_line(f"{outcome.code} {outcome.text}")[:REASON_LENGTH]
    if outcome.kind == OutcomeKind.ACCEPTED:
        notice.state, notice.sent_at, notice.error = "sent", now, None
    elif _is_nobodys_fault(outcome):
        notice.attempt -= 1
        notice.state, notice.due_at = "queued", now + _pause_while_away(notice, outcome, now)
    elif outcome.kind == OutcomeKind.REFUSED or notice.attempt >= MAX_ATTEMPTS:
        notice.state = "failed"
        log.warning("notice %s (%s) failed: %s", notice.id, notice.kind, notice.error)
    else:
        pause = outcome.retry_after
        notice.state = "queued"
        notice.due_at = now + (backoff(notice.attempt - 1) if pause is None else pause)
    session.add(notice)


def _is_nobodys_fault(outcome: Outcome) -> bool:
    """Whether the provider itself is away or busy: that uses up none of a notice's attempts."""
    return outcome.kind == OutcomeKind.LATER and (
        outcome.provider_wide or outcome.code in NOBODYS_FAULT
    )


def _pause_while_away(notice: Notice, outcome: Outcome, now: float) -> float:
    """Seconds to wait, doubling with the notice's age where the provider gives no time."""
    pause = outcome.retry_after
    if pause is None:
        pause = min(now - notice.created_at, LONGEST_PAUSE)
    return max(pause, BACKOFF_SECONDS[0])
