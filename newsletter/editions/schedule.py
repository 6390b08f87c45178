"""When an edition goes out: an instant, given in an IANA zone, safe across summer time."""

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import Session

from newsletter.editions.approval import require_approved
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState, check_transition
from newsletter.errors import ConfigurationError, EditionError
from newsletter.publications import Publication
from newsletter.site import Site
from newsletter.time_zones import zone_of

DURATION = re.compile(r"\+?(\d+)\s*(h|m|d)")
_DAY = re.compile(r"[\dW-]+")
"""A day as ISO 8601 writes it, such as 2026-11-22 or 2026-W47-7, and no hour."""
GRACE = 120.0
"""Seconds: how far back "now" may lie, for clocks that differ and fingers that are slow."""
SECONDS = {"m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Moment:
    """A local time that was asked for, and the one instant it means."""

    at: float
    """UTC seconds."""
    local: dt.datetime
    ambiguous: bool
    """The clock shows this time twice that night; the first is taken."""


def parse_moment(text: str, zone: str) -> Moment:
    """Read `2026-11-22T07:00` (or with a space, or with an offset) as local time in `zone`.

    Raises:
        EditionError: not a time, an unknown zone, or a time that summer time skips.
    """
    try:
        given = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise EditionError(f"“{text}” is not a time: write 2026-11-22T07:00.") from error
    if _DAY.fullmatch(text):
        raise EditionError(f"“{text}” has no hour: write {given:%Y-%m-%d}T07:00.")
    local_zone = _zone(zone)
    if given.tzinfo is not None:
        return Moment(given.timestamp(), given.astimezone(local_zone), ambiguous=False)
    return _localise(given, local_zone)


def parse_start(text: str, zone: str, *, at_once: str, now: float) -> Moment:
    """Read when an edition should go out, as `parse_moment` does.

    Raises EditionError also for a time that is over: a slip in the date would mail everybody at
    once. It names what does so on purpose, `at_once`.
    """
    moment = parse_moment(text, zone)
    if moment.at < now - GRACE:
        raise EditionError(
            f"{moment.local:%Y-%m-%d %H:%M %Z} is over. Name a time to come; {at_once} sends now."
        )
    return moment


def parse_not_after(text: str, zone: str, *, start: float) -> float:
    """Read a limit: `+6h` after the start, or a time of its own."""
    match = DURATION.fullmatch(text.strip())
    if match is None and text.strip().startswith("+"):
        raise EditionError(f"“{text}” is not a time: write +6h (m, h or d), or 2026-11-22T07:00.")
    limit = start + int(match[1]) * SECONDS[match[2]] if match else parse_moment(text, zone).at
    if limit <= start:
        raise EditionError("The limit is not after the start: nobody would get the edition.")
    return limit


def schedule(
    session: Session,
    edition: Edition,
    publication: Publication,
    site: Site,
    *,
    at: float,
    not_after: float | None = None,
    now: float,
) -> None:
    """Let the worker freeze and send the edition at `at` (UTC seconds; now or earlier: at once).

    Raises:
        NotApproved: or changed since.
        EditionError: in this state it can't be scheduled.
    """
    require_approved(session, edition, publication, site)
    if edition.state != EditionState.SCHEDULED:
        check_transition(edition.name, edition.state, EditionState.SCHEDULED)
    if edition.frozen_upto is not None:
        raise EditionError(f"Edition {edition.name} is just being sent out: pause or cancel it.")
    edition.state = EditionState.SCHEDULED
    edition.scheduled_at, edition.not_after = at, not_after
    edition.hold_reason = None
    edition.updated_at = now
    session.add(edition)


def _localise(given: dt.datetime, zone: ZoneInfo) -> Moment:
    first = given.replace(tzinfo=zone, fold=0)
    second = given.replace(tzinfo=zone, fold=1)
    round_trip = dt.datetime.fromtimestamp(first.timestamp(), zone).replace(tzinfo=None)
    if round_trip != given:
        raise EditionError(
            f"{given:%Y-%m-%d %H:%M} does not exist in {zone.key}: summer time skips it. "
            f"Choose a time from {round_trip:%H:%M} on."
        )
    return Moment(first.timestamp(), first, ambiguous=first.utcoffset() != second.utcoffset())


def _zone(name: str) -> ZoneInfo:
    try:
        return zone_of(name)
    except ConfigurationError as error:
        raise EditionError(str(error)) from error
