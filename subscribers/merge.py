"""Staged rows -> readers, subscriptions and suppressions, some thousands at a time.

Each statement works on what stands in `staged_reader` (`staging.py`), in the order of the
address keys as it was filled, and reads the tables as they are at that moment: who leaves while
an import runs has left. What belongs to a staged row is looked up for it by index; a planner
that joined would scan every reader for each chunk.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

log = logging.getLogger(__name__)

# A row is left out for an address that is suppressed already, unless it says that they left.
_WELCOME = """
    (s.state = 'unsubscribed' OR NOT EXISTS (
        SELECT 1 FROM suppression AS x WHERE x.email_key = s.email_key AND x.lifted_at IS NULL))
"""

_NEW_READERS = f"""
    INSERT INTO subscriber (id, email, email_key, name, language, time_zone, attributes, tags,
                            link_epoch, created_at)
    SELECT s.new_id, coalesce(s.email, s.email_key), s.email_key, s.name, s.language, s.time_zone,
           s.attributes, s.tags, 0, s.created_at
    FROM staged_reader AS s
    WHERE s.state <> '' AND {_WELCOME}
"""  # noqa: S608 - our own words
_READERS = _NEW_READERS + "ON CONFLICT (email_key) DO NOTHING"
# PostgreSQL takes twice as long for a row that may be in conflict.
_READERS_NOT_THERE = f"""{_NEW_READERS}
    AND NOT EXISTS (SELECT 1 FROM subscriber AS b WHERE b.email_key = s.email_key)
"""  # noqa: S608

# Whether anybody is known whose key lies among the chunk's: of a first import nobody is. Asked for
# the next key that there is: of a range, the planner thinks so much in a table that it has not
# looked at since it filled that it would scan it, for every chunk the whole of what came before.
_AMONG = """
    SELECT coalesce((SELECT b.email_key FROM subscriber AS b WHERE b.email_key >= chunk.low
                     ORDER BY b.email_key LIMIT 1) <= chunk.high, false)
    FROM (SELECT min(email_key) AS low, max(email_key) AS high FROM staged_row) AS chunk
"""

# For every row, once some of its readers are known to be there already.
_KNOWN = """
    UPDATE staged_row
    SET known_id = (SELECT b.id FROM subscriber AS b WHERE b.email_key = staged_row.email_key)
"""

_NEW_SUBSCRIPTIONS = """
    INSERT INTO subscription (subscriber_id, publication_id, state, mailable, tracking, muted,
                              lane, consent_id, paused_until, created_at, confirmed_at, ended_at,
                              end_reason, source, confirm_epoch)
    SELECT {reader}, CAST(:publication_id AS INTEGER), s.state,
           s.state = 'active' AND s.suppress = '', s.tracking, s.muted, s.lane,
           CASE s.state WHEN 'unsubscribed' THEN CAST(:withdrawal_id AS INTEGER)
                        WHEN 'pending' THEN NULL ELSE CAST(:consent_id AS INTEGER) END,
           CASE s.state WHEN 'paused' THEN s.paused_until END, s.created_at,
           CASE WHEN s.state IN ('active', 'paused')
                THEN coalesce(s.confirmed_at, s.created_at) ELSE s.confirmed_at END,
           s.ended_at, s.end_reason, 'import', 0
    FROM staged_reader AS s
"""
# Let others wait who change the same readers, as `suppression.lock_reader` does for one.
_LOCK = """
    SELECT b.id FROM subscriber AS b WHERE b.id IN (SELECT known_id FROM staged_row)
    ORDER BY b.id FOR UPDATE
"""

_MAY = """
    (subscription.state = 'pending' AND {wanted}.state = 'active')
    OR (subscription.state <> 'unsubscribed' AND {wanted}.state = 'unsubscribed')
"""

# `history.keep_import` for many: an earlier import is found by that pointer only.
_KEEP_IMPORTS = f"""
    INSERT INTO happening (subscriber_id, publication_id, at, what, source, note)
    SELECT subscription.subscriber_id, subscription.publication_id, c.at,
           CASE WHEN c.granted THEN 'consent to mail granted' ELSE 'consent to mail withdrawn' END,
           c.source, c.note
    FROM staged_reader AS s
    JOIN subscription ON subscription.subscriber_id = s.known_id
                     AND subscription.publication_id = :publication_id
    JOIN consent_record AS c ON c.id = subscription.consent_id AND c.subscriber_id IS NULL
    WHERE ({_MAY.format(wanted="s")}) AND {_WELCOME}
"""  # noqa: S608

# What an import may do to a subscription that there is: states.py, Act.IMPORT, and end it.
_SUBSCRIPTIONS = f"""{_NEW_SUBSCRIPTIONS.format(reader="s.known_id")}
    WHERE s.state <> '' AND s.known_id IS NOT NULL AND {_WELCOME}
    ON CONFLICT (subscriber_id, publication_id) DO UPDATE
    SET state = excluded.state, mailable = excluded.mailable, consent_id = excluded.consent_id,
        confirmed_at = coalesce(excluded.confirmed_at, subscription.confirmed_at),
        ended_at = excluded.ended_at, end_reason = excluded.end_reason, paused_until = NULL,
        confirm_epoch = subscription.confirm_epoch + 1
    WHERE {_MAY.format(wanted="excluded")}
"""  # noqa: S608

_SUPPRESSIONS = """
    INSERT INTO suppression (email_key, reason, source, note, created_at, lifted_by)
    SELECT s.email_key, s.suppress, 'import', :note, :now, ''
    FROM staged_reader AS s
    WHERE s.suppress <> ''
    ON CONFLICT (email_key) WHERE lifted_at IS NULL DO NOTHING
"""

# `suppression.refresh_mailable` for many: the addresses suppressed just now.
_UNMAILABLE = """
    UPDATE subscription SET mailable = false
    WHERE mailable = true AND subscriber_id IN (
        SELECT s.known_id FROM staged_reader AS s WHERE s.suppress <> '')
"""

# For readers whom we knew: a name where there is none, attributes and tags added. Nothing is
# written for those whom it tells nothing new about, as an import that is repeated does for most.
_DETAILS = """
    UPDATE subscriber
    SET name = CASE subscriber.name WHEN '' THEN s.name ELSE subscriber.name END,
        attributes = {attributes}, tags = {tags}
    FROM staged_reader AS s
    WHERE s.known_id = subscriber.id AND s.known_id <> s.new_id
      AND ((subscriber.name = '' AND s.name <> '')
           OR (s.attributes <> '{{}}' AND {attributes} <> subscriber.attributes)
           OR (s.tags <> '[]' AND {tags} <> subscriber.tags))
"""
_UNION = {
    "sqlite": {
        "attributes": "json_patch(subscriber.attributes, s.attributes)",
        "tags": """(SELECT json_group_array(value) FROM (
            SELECT value FROM json_each(subscriber.tags)
            UNION SELECT value FROM json_each(s.tags)))""",
    },
    "postgresql": {
        "attributes": "subscriber.attributes || s.attributes",
        "tags": """(SELECT coalesce(jsonb_agg(DISTINCT tag), '[]')
            FROM jsonb_array_elements(subscriber.tags || s.tags) AS tag)""",
    },
}

# As what a row comes in that is new; a new row's address is suppressed only where it says they left.
_STANDING = """
    CASE WHEN s.suppress <> '' OR (s.state = 'unsubscribed' AND EXISTS (
        SELECT 1 FROM suppression AS y WHERE y.email_key = s.email_key AND y.lifted_at IS NULL))
    THEN 'do_not_mail' ELSE s.state END
"""
_STANDINGS = f"""
    SELECT standing, count(*) FROM (SELECT {_STANDING} AS standing FROM staged_reader AS s) AS f
    GROUP BY standing
"""  # noqa: S608

# What becomes of each row, by the state of things before it is merged.
_FATES = f"""
    SELECT fate, standing, count(*), min(email) FROM (
        SELECT coalesce(s.email, s.email_key) AS email, {_STANDING} AS standing, CASE
            WHEN s.state = '' THEN CASE WHEN x.id IS NULL THEN 'added' ELSE 'suppressed' END
            WHEN s.state = 'unsubscribed' AND u.state <> 'unsubscribed' THEN 'updated'
            WHEN x.id IS NOT NULL AND (s.state <> 'unsubscribed' OR u.state IS NOT NULL)
                THEN 'suppressed'
            WHEN u.state IS NULL THEN 'added'
            WHEN u.state = s.state THEN 'known'
            WHEN u.state = 'unsubscribed' THEN 'unsubscribed_kept'
            WHEN u.state = 'pending' AND s.state = 'active' THEN 'updated'
            ELSE 'known' END AS fate
        FROM staged_reader AS s
        LEFT JOIN subscription AS u
            ON u.subscriber_id = s.known_id AND u.publication_id = :publication_id
        LEFT JOIN suppression AS x ON x.email_key = s.email_key AND x.lifted_at IS NULL
    ) AS f GROUP BY fate, standing
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for every row of an import."""

    publication_id: int
    consent_id: int | None
    withdrawal_id: int | None
    note: str
    now: float
    suppresses: bool
    """Some row suppresses its address."""
    all_active: bool
    """Whoever is new comes in active: to count them apart would take a tenth of the time."""


def foresee(session: Session, publication_id: int) -> Mapping[str, tuple[int, str]]:
    """Tell what becomes of the staged rows: fate -> (rows, an example's address).

    Those that are `added` are told apart as well, by their standing: `added_active`.
    """
    _run(session, _KNOWN)
    return _fates(session, publication_id)


def merge(session: Session, terms: Terms, staged: int) -> Mapping[str, int]:
    """Store the staged rows, of which there are so many; return how many met each fate.

    Merging them again changes nothing.
    """
    subscribed = {
        "publication_id": terms.publication_id,
        "consent_id": terms.consent_id,
        "withdrawal_id": terms.withdrawal_id,
    }
    if _add_readers(session) == staged:  # all are new: nothing needs to be looked up
        _run(session, _NEW_SUBSCRIPTIONS.format(reader="s.new_id"), subscribed)
        standings = {"added_active": staged} if terms.all_active else _standings(session)
        counts: Mapping[str, int] = {"added": staged, **standings}
    else:
        counts = _merge_known(session, terms.publication_id)
        _run(session, _KEEP_IMPORTS, {"publication_id": terms.publication_id})
        _run(session, _SUBSCRIPTIONS, subscribed)
    if terms.suppresses:
        _suppress(session, terms)
    return counts


def _add_readers(session: Session) -> int:
    """Add the readers who are not there yet; return how many."""
    if _is_postgres(session):
        known = session.execute(text(_AMONG)).scalar_one()
        try:
            with session.begin_nested():
                return _run(session, _READERS_NOT_THERE if known else _NEW_READERS)
        except IntegrityError:  # somebody in the file signed up at this very moment
            log.info("a reader came in by another way meanwhile; the chunk is merged the long way")
    return _run(session, _READERS)


def _merge_known(session: Session, publication_id: int) -> Mapping[str, int]:
    """Look up who is known, foresee their fates, and add to what is known about them."""
    _run(session, _KNOWN)
    if _is_postgres(session):
        _run(session, _LOCK)
    foreseen = _fates(session, publication_id)
    _run(session, _DETAILS.format_map(_UNION[session.get_bind().dialect.name]))
    return {fate: number for fate, (number, _) in foreseen.items()}


def _suppress(session: Session, terms: Terms) -> None:
    _run(session, _KNOWN)
    _run(session, _SUPPRESSIONS, {"note": terms.note, "now": terms.now})
    _run(session, _UNMAILABLE)


def _fates(session: Session, publication_id: int) -> Mapping[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for fate, standing, number, email in session.execute(
        text(_FATES), {"publication_id": publication_id}
    ):
        for name in (fate, _added(standing)) if fate == "added" and standing else (fate,):
            before, example = found.get(name, (0, email))
            found[name] = before + number, min(example, email)
    return found


def _standings(session: Session) -> Mapping[str, int]:
    """Count the staged rows, all of them new, by what they come in as."""
    rows = session.execute(text(_STANDINGS))
    return {_added(standing): number for standing, number in rows}


def _added(standing: str) -> str:
    return f"added_{standing}"


def _is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _run(session: Session, statement: str, values: Mapping[str, object] | None = None) -> int:
    """Run a statement; return how many rows it changed."""
    result = session.connection().execute(text(statement), dict(values or {}))
    return int(result.rowcount)
