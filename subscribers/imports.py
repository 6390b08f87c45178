"""Readers in bulk, from a CSV file: rehearsed first, then stored in chunks.

The file is read, checked and sorted as a whole before anything is stored. Nobody is brought back by it:
who unsubscribed stays so, a suppressed address stays suppressed, somebody erased stays erased.
An import that was cut off goes on where it was when the same file is imported once more.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from subscribers.addresses import HASH_MARK, KeyedHash, hashed_key
from subscribers.columns import Field
from subscribers.fields import Standing
from subscribers.hands import Begun, Chunk, Hand, add_up, merge_all
from subscribers.merge import Terms, foresee
from subscribers.models import (
    ConsentKind,
    ConsentRecord,
    ImportRun,
    State,
    Suppression,
    SuppressionReason,
    Tracking,
)
from subscribers.reading import Reading, read_file
from subscribers.rows import Defaults
from subscribers.shares import Task, Version
from subscribers.sorting import Row, SortedRows, key_of
from subscribers.staging import open_staging

CHUNK = 20_000
"""Rows that are merged in one transaction: far less than half a second, so that the site goes on."""
_CHUNK_OF_FILE = 1 << 20


class ImportAs(StrEnum):
    """What the editor says that everyone in the file is."""

    ACTIVE = "active"
    """Subscribed, with their consent; the file's own states go before it."""
    UNSUBSCRIBED = "unsubscribed"
    DO_NOT_MAIL = "do-not-mail"


_STANDING = {
    ImportAs.ACTIVE: Standing(State.ACTIVE.value),
    ImportAs.UNSUBSCRIBED: Standing(State.UNSUBSCRIBED.value),
    ImportAs.DO_NOT_MAIL: Standing("", SuppressionReason.IMPORTED.value),
}
_FATES = ("added", "known", "updated", "unsubscribed_kept", "suppressed", "duplicates")
"""What becomes of the rows that are fit to be stored: each has one."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What to do with a file."""

    publication_id: int
    consent: str
    """How the readers agreed: the note of the one consent record that they all point at."""
    import_as: ImportAs = ImportAs.ACTIVE
    columns: Mapping[str, str] = field(default_factory=dict)
    """Header -> `columns.Field`, where the guess is wrong."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file's rows: `added`, `known` and the rest add up to `rows`.

    The `added_…` say how those that were added stand: only the active get mail. A row with the
    state none that suppresses nothing is none of these.
    """

    rows: int = 0
    added: int = 0
    added_active: int = 0
    added_pending: int = 0
    added_paused: int = 0
    added_unsubscribed: int = 0
    added_do_not_mail: int = 0
    known: int = 0
    """In this publication already."""
    updated: int = 0
    """A pending subscription confirmed, or a standing one ended."""
    unsubscribed_kept: int = 0
    suppressed: int = 0
    """Left alone, since the address is suppressed already or its reader was erased."""
    duplicates: int = 0
    """Rows for an address that another row of the file decides."""
    rejected: int = 0
    examples: Mapping[str, str] = field(default_factory=dict)
    """An address for each fate, in a rehearsal."""


Said = Collection[tuple[str, str, str]]
Progress = Callable[[int, int], None]
"""Is told how many rows are worked through, and of how many."""


def rehearse(
    sessions: Sequence[Session],
    path: Path,
    plan: ImportPlan,
    *,
    rejected: Path | None,
    hash_of: KeyedHash,
    now: float,
    checkpoint: Callable[[Session], None],
    progress: Progress = lambda _done, _total: None,
) -> ImportReport:
    """Tell what an import would do, by the same way; only the file of rejected rows is written.

    It takes one session, for it is done with soon. Raises ImportFileError.
    """
    session, commit = sessions[0], partial(checkpoint, sessions[0])
    erased = _Erased(session, hash_of)
    commit()  # reading a large file must not keep others from writing
    examples: dict[str, str] = {}
    with SortedRows() as rows:
        read = read_file(_task(path, plan, now=now), rows, rejected=rejected)
        counts = Counter(read.counts)
        with open_staging(session, read.columns, read.constants, commit) as staging:
            for chunk in _chunks(read, erased):
                staging.make_ready(chunk.rows)()
                counts.update(chunk.counts)
                for fate, (number, email) in foresee(session, plan.publication_id).items():
                    counts[fate] += number
                    examples.setdefault(fate, email)
                commit()
                progress(chunk.end, rows.count)
    return _report(counts, examples)


def import_readers(
    sessions: Sequence[Session],
    path: Path,
    plan: ImportPlan,
    *,
    rejected: Path | None,
    hash_of: KeyedHash,
    now: float,
    checkpoint: Callable[[Session], None],
    progress: Progress = lambda _done, _total: None,
) -> ImportReport:
    """Import a file; raise ImportFileError before anything is stored.

    Chunks are merged in as many sessions as there are, side by side; each keeps one connection
    (`staging.open_staging`). `checkpoint` commits one: called after each chunk, and before the
    first. Rows that can't be stored go to `rejected`, a CSV with line and reason in front, which
    can be imported again once it is mended.
    """
    first, task = sessions[0], _task(path, plan, now=now)
    fingerprint = fingerprint_of(path, plan)
    erased = _Erased(first, hash_of)
    checkpoint(first)  # reading a large file must not keep others from writing
    with SortedRows() as rows:
        read = read_file(task, rows, rejected=rejected)
        run = _find_run(first, plan, fingerprint)
        run = run or _start_run(first, plan, fingerprint, read.said, len(sessions), now=now)
        begun, terms = Begun(run.key, tuple(run.done)), _terms(plan, run, read.said, now=now)
        with _hands(sessions, read, checkpoint) as hands:
            chunks = _chunks(read, erased, begun.has)
            for chunk in merge_all(hands, begun, terms, chunks):
                progress(chunk.end, rows.count)
    first.refresh(run)
    run.finished_at = now
    checkpoint(first)
    return _report(add_up(read.counts, run.counts), {})


@contextmanager
def _hands(
    sessions: Sequence[Session], read: Reading, checkpoint: Callable[[Session], None]
) -> Iterator[Sequence[Hand]]:
    with ExitStack() as stack:
        yield [
            Hand(
                session,
                stack.enter_context(open_staging(session, read.columns, read.constants, commit)),
                commit,
            )
            for session in sessions
            for commit in [partial(checkpoint, session)]
        ]


def _report(counts: Mapping[str, int], examples: Mapping[str, str]) -> ImportReport:
    values: dict[str, Any] = {**counts, "examples": examples}
    return ImportReport(**values)


def _task(path: Path, plan: ImportPlan, *, now: float) -> Task:
    """What to read, and the file's version now: it has to stay that until it was read."""
    defaults = Defaults(
        standing=_STANDING[plan.import_as],
        binding=plan.import_as != ImportAs.ACTIVE,
        now=now,
    )
    return Task(path, plan.columns, defaults, Version.of(path))


def _chunks(
    read: Reading, erased: "_Erased", is_done: Callable[[int, int], bool] = lambda *_: False
) -> Iterator[Chunk]:
    """Cut the file's rows; the cuts are the same each time, whoever was erased in between."""
    end = 0
    for number, rows in enumerate(read.rows.chunks(CHUNK)):
        end += len(rows)
        if is_done(number, end):
            continue
        kept = _one_each(rows, read.leaves)
        welcome = [row for row in kept if key_of(row) not in erased] if erased else kept
        counts = {"duplicates": len(rows) - len(kept), "suppressed": len(kept) - len(welcome)}
        yield Chunk(number, end, welcome, counts)


def _one_each(rows: list[Row], leaves: Callable[[Row], bool]) -> list[Row]:
    """Keep a row for each address: the one that leaves, else the first."""
    if len({row[: row.index("\t")] for row in rows}) == len(rows):  # as key_of, without the call
        return rows
    kept: dict[str, Row] = {}
    for row in rows:
        first = kept.setdefault(key_of(row), row)
        if leaves(row) and not leaves(first):
            kept[key_of(row)] = row
    return list(kept.values())


class _Erased:
    """Tells whether an address is that of somebody erased, of whom only keyed hashes are left."""

    def __init__(self, session: Session, hash_of: KeyedHash) -> None:
        live = select(Suppression.email_key).where(
            col(Suppression.email_key).startswith(HASH_MARK),
            col(Suppression.lifted_at).is_(None),
        )
        self._hashes = frozenset(session.exec(live))
        self._hash_of = hash_of

    def __bool__(self) -> bool:
        return bool(self._hashes)  # nobody: a million addresses need not be hashed

    def __contains__(self, email_key: object) -> bool:
        return hashed_key(str(email_key), self._hash_of) in self._hashes


# -- the run and its consent -----------------------------------------------------------------


def fingerprint_of(path: Path, plan: ImportPlan) -> str:
    """By what an import is known again that was cut off: a hash over the file and what to do with it."""
    digest = hashlib.sha256(
        repr((plan.import_as, plan.consent, sorted(plan.columns.items()))).encode()
    )
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_OF_FILE):
            digest.update(chunk)
    return digest.hexdigest()


def rows_stored(session: Session, plan: ImportPlan, fingerprint: str) -> int:
    """Rows that an import which was cut off has stored, and need not be again; 0 if there is none."""
    run = _find_run(session, plan, fingerprint)
    return sum(run.counts.get(fate, 0) for fate in _FATES) if run else 0


def _find_run(session: Session, plan: ImportPlan, fingerprint: str) -> ImportRun | None:
    unfinished = select(ImportRun).where(
        ImportRun.publication_id == plan.publication_id,
        ImportRun.fingerprint == fingerprint,
        col(ImportRun.finished_at).is_(None),
    )
    return session.exec(unfinished).first()


def _start_run(
    session: Session, plan: ImportPlan, fingerprint: str, said: Said, parts: int, *, now: float
) -> ImportRun:
    """Begin a run, with the consent records that its subscriptions will point at."""
    states = {state for state, _, _ in said}
    run = ImportRun(
        publication_id=plan.publication_id,
        fingerprint=fingerprint,
        done=[0] * parts,
        started_at=now,
    )
    if states & {State.ACTIVE, State.PAUSED}:
        run.consent_id = _record(session, plan, ConsentKind.MAIL, granted=True, now=now)
    if State.UNSUBSCRIBED in states:
        run.withdrawal_id = _record(session, plan, ConsentKind.MAIL, granted=False, now=now)
    if any(tracking == Tracking.LINKED for _, _, tracking in said):
        _record(session, plan, ConsentKind.TRACKING, granted=True, now=now)
    session.add(run)
    session.flush()
    return run


def _record(
    session: Session, plan: ImportPlan, kind: ConsentKind, *, granted: bool, now: float
) -> int:
    record = ConsentRecord(
        publication_id=plan.publication_id,
        kind=kind,
        granted=granted,
        at=now,
        source="import",
        wording=f"column {Field.TRACKING}: yes" if kind == ConsentKind.TRACKING else "",
        note=plan.consent,
    )
    session.add(record)
    session.flush()
    assert record.id is not None
    return record.id


def _terms(plan: ImportPlan, run: ImportRun, said: Said, *, now: float) -> Terms:
    return Terms(
        publication_id=plan.publication_id,
        consent_id=run.consent_id,
        withdrawal_id=run.withdrawal_id,
        note=plan.consent,
        now=now,
        suppresses=any(suppress for _, suppress, _ in said),
        all_active={(state, suppress) for state, suppress, _ in said} == {(State.ACTIVE, "")},
    )
