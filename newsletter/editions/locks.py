"""The lock on an edition: workers that hand off share it, whoever changes its course has it alone.

The row's own lock would not be fair: PostgreSQL grants FOR SHARE on a row that others share
already, past a FOR UPDATE that waits (its README.tuplock), so that busy workers could put off a
pause for as long as they like. An advisory lock stands in front of the row as a turnstile: its
queue is kept in order. SQLite has one writer at a time and needs neither.
"""

from sqlalchemy import func, select
from sqlmodel import Session
from sqlmodel import select as select_model

from newsletter.editions.models import Edition

EDITIONS = 0x4E45
"""Which advisory locks are editions'; the second number is the edition's id."""


def own_edition(session: Session, edition_id: int) -> Edition:
    """The edition, read anew and locked; waits for hand-offs under way, not for later ones.

    FOR NO KEY UPDATE: rows that refer to the edition may still be made meanwhile.
    """
    wait_in_line(session, edition_id, shared=False)
    return session.exec(
        select_model(Edition)
        .where(Edition.id == edition_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def wait_in_line(session: Session, edition_id: int, *, shared: bool) -> None:
    """Pass the turnstile in front of an edition's row; it is free again when the caller commits."""
    if session.get_bind().dialect.name == "sqlite":
        return
    lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    session.execute(select(lock(EDITIONS, edition_id)))
