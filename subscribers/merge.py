"""Staged rows -> readers, subscriptions and suppressions, some thousands at a time.

Each statement works on the rows `low < pos <= high` of `staged_reader` (`staging.py`) and reads
the tables as they are at that moment: who leaves while an import runs has left. A CROSS JOIN
makes SQLite begin with the staged rows; its planner would scan every reader for each chunk.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

# A row is left out for an address that is suppressed already, unless it says that they left.
_WELCOME = """
    (s.state = 'unsubscribed' OR NOT EXISTS (
        SELECT 1 FROM suppression AS x WHERE x.email_key = s.email_key AND x.lifted_at IS NULL))
"""

_READERS = f"""
    INSERT INTO subscriber (email, email_key, name, language, time_zone, attributes, tags,
                            link_epoch, created_at)
    SELECT coalesce(s.email, s.email_key), s.email_key, s.name, s.language, s.time_zone, s.attributes, s.tags,
           0, s.created_at
    FROM staged_reader AS s
    WHERE s.pos > :low AND s.pos <= :high AND s.state <> '' AND {_WELCOME}
    ORDER BY s.pos
    ON CONFLICT (email_key) DO NOTHING
"""  # noqa: S608 - our own words

# What an import may do to a subscription that there is: states.py, Act.IMPORT, and end it.
_SUBSCRIPTIONS = f"""
    INSERT INTO subscription (subscriber_id, publication_id, state, mailable, tracking, muted,
                              lane, consent_id, paused_until, created_at, confirmed_at, ended_at,
                              end_reason, source, confirm_epoch)
    SELECT b.id, :publication_id, s.state, s.state = 'active' AND s.suppress = '', s.tracking,
           s.muted, s.lane,
           CASE s.state WHEN 'unsubscribed' THEN CAST(:withdrawal_id AS INTEGER)
                        WHEN 'pending' THEN NULL ELSE CAST(:consent_id AS INTEGER) END,
           CASE s.state WHEN 'paused' THEN s.paused_until END, s.created_at,
           CASE WHEN s.state IN ('active', 'paused')
                THEN coalesce(s.confirmed_at, s.created_at) ELSE s.confirmed_at END,
           s.ended_at, s.end_reason, 'import', 0
    FROM staged_reader AS s CROSS JOIN subscriber AS b
    WHERE b.email_key = s.email_key
      AND s.pos > :low AND s.pos <= :high AND s.state <> '' AND {_WELCOME}
    ORDER BY s.pos
    ON CONFLICT (subscriber_id, publication_id) DO UPDATE
    SET state = excluded.state, mailable = excluded.mailable, consent_id = excluded.consent_id,
        confirmed_at = coalesce(excluded.confirmed_at, subscription.confirmed_at),
        ended_at = excluded.ended_at, end_reason = excluded.end_reason, paused_until = NULL,
        confirm_epoch = subscription.confirm_epoch + 1
    WHERE (subscription.state = 'pending' AND excluded.state = 'active')
       OR (subscription.state <> 'unsubscribed' AND excluded.state = 'unsubscribed')
"""  # noqa: S608

_SUPPRESSIONS = """
    INSERT INTO suppression (email_key, reason, source, note, created_at, lifted_by)
    SELECT s.email_key, s.suppress, 'import', :note, :now, ''
    FROM staged_reader AS s
    WHERE s.pos > :low AND s.pos <= :high AND s.suppress <> ''
    ORDER BY s.pos
    ON CONFLICT (email_key) WHERE lifted_at IS NULL DO NOTHING
"""

# `suppression.refresh_mailable` for many: the addresses suppressed just now.
_UNMAILABLE = """
    UPDATE subscription SET mailable = false
    WHERE mailable = true AND subscriber_id IN (
        SELECT b.id FROM staged_reader AS s CROSS JOIN subscriber AS b
        WHERE b.email_key = s.email_key AND s.pos > :low AND s.pos <= :high AND s.suppress <> '')
"""

# For readers whom we knew: a name where there is none, attributes and tags added.
_DETAILS = """
    UPDATE subscriber
    SET name = CASE subscriber.name WHEN '' THEN s.name ELSE subscriber.name END,
        attributes = {attributes}, tags = {tags}
    FROM staged_reader AS s
    WHERE s.email_key = subscriber.email_key AND s.pos > :low AND s.pos <= :high
      AND ((subscriber.name = '' AND s.name <> '') OR s.attributes <> '{{}}' OR s.tags <> '[]')
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

# What becomes of each row, by the state of things before it is merged.
_FATES = """
    SELECT fate, count(*), min(email) FROM (
        SELECT coalesce(s.email, s.email_key) AS email, CASE
            WHEN s.state = '' THEN CASE WHEN x.id IS NULL THEN 'added' ELSE 'known' END
            WHEN u.state = s.state THEN 'known'
            WHEN s.state = 'unsubscribed' AND u.state IS NOT NULL THEN 'updated'
            WHEN u.state = 'unsubscribed' THEN 'unsubscribed_kept'
            WHEN s.state <> 'unsubscribed' AND x.id IS NOT NULL THEN 'suppressed'
            WHEN u.state IS NULL THEN 'added'
            WHEN u.state = 'pending' AND s.state = 'active' THEN 'updated'
            ELSE 'known' END AS fate
        FROM staged_reader AS s
        LEFT JOIN subscriber AS b ON b.email_key = s.email_key
        LEFT JOIN subscription AS u
            ON u.subscriber_id = b.id AND u.publication_id = :publication_id
        LEFT JOIN suppression AS x ON x.email_key = s.email_key AND x.lifted_at IS NULL
        WHERE s.pos > :low AND s.pos <= :high
    ) AS f GROUP BY fate
"""


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


def fates(
    session: Session, publication_id: int, low: int, high: int
) -> Mapping[str, tuple[int, str]]:
    """Foresee what becomes of a chunk's rows: fate -> (rows, an example's address)."""
    rows = session.execute(
        text(_FATES), {"publication_id": publication_id, "low": low, "high": high}
    )
    return {fate: (number, email) for fate, number, email in rows}


def merge(session: Session, terms: Terms, low: int, high: int) -> Mapping[str, int]:
    """Store a chunk; return how many rows met each fate. Merging it again changes nothing."""
    chunk: dict[str, object] = {"low": low, "high": high}
    subscribed: dict[str, object] = {
        "publication_id": terms.publication_id,
        "consent_id": terms.consent_id,
        "withdrawal_id": terms.withdrawal_id,
    }
    new = _rows(session, _READERS, chunk)
    counts: Mapping[str, int] = {"added": new}
    if new < high - low:  # some are known, or are not to be stored
        _rows(session, _DETAILS.format_map(_UNION[session.get_bind().dialect.name]), chunk)
        foreseen = fates(session, terms.publication_id, low, high)
        counts = {fate: number for fate, (number, _) in foreseen.items()}
    _rows(session, _SUBSCRIPTIONS, chunk | subscribed)
    if terms.suppresses:
        _rows(session, _SUPPRESSIONS, chunk | {"note": terms.note, "now": terms.now})
        _rows(session, _UNMAILABLE, chunk)
    return counts


def _rows(session: Session, statement: str, values: Mapping[str, object]) -> int:
    result = session.connection().execute(text(statement), dict(values))
    return int(result.rowcount)
