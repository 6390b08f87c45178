"""Readers in bulk, from a CSV file: rehearsed first, then stored in chunks.

The file is read and checked as a whole before anything is stored. Nobody is brought back by it:
who unsubscribed stays so, a suppressed address stays suppressed, somebody erased stays erased.
An import that was cut off goes on where it was when the same file is imported once more.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from subscribers.addresses import HASH_MARK, KeyedHash, hashed_key
from subscribers.columns import Field
from subscribers.csv_files import CsvFile, open_csv
from subscribers.errors import UnfitRow
from subscribers.merge import Terms, fates, merge
from subscribers.models import (
    ConsentKind,
    ConsentRecord,
    ImportRun,
    State,
    Suppression,
    SuppressionReason,
)
from subscribers.rows import Defaults, Row, RowReader, Standing, batches
from subscribers.staging import Staging, open_staging

CHUNK = 20_000
"""Rows that are merged in one transaction: far less than half a second, so that the site goes on."""
_BATCH = 5_000
_CHUNK_OF_FILE = 1 << 20


class ImportAs(StrEnum):
    """What the editor says that everyone in the file is."""

    ACTIVE = "active"
    """Subscribed, with their consent; the file's own states go before it."""
    UNSUBSCRIBED = "unsubscribed"
    DO_NOT_MAIL = "do-not-mail"


_STANDING = {
    ImportAs.ACTIVE: Standing(State.ACTIVE),
    ImportAs.UNSUBSCRIBED: Standing(State.UNSUBSCRIBED),
    ImportAs.DO_NOT_MAIL: Standing("", SuppressionReason.IMPORTED),
}


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
    """What became of a file's rows; all but `rows` and `examples` add up to `rows`."""

    rows: int = 0
    added: int = 0
    known: int = 0
    """Subscribed (or, with do-not-mail, suppressed) already."""
    updated: int = 0
    """A pending subscription confirmed, or a standing one ended."""
    unsubscribed_kept: int = 0
    suppressed: int = 0
    """Left alone, since the address is suppressed or its reader was erased."""
    duplicates: int = 0
    """Rows for an address that another row of the file decides."""
    rejected: int = 0
    examples: Mapping[str, str] = field(default_factory=dict)
    """An address for each fate, in a rehearsal."""


Progress = Callable[[int, int], None]
"""Is told how many rows are worked through, and of how many."""


def rehearse(
    session: Session,
    path: Path,
    plan: ImportPlan,
    *,
    rejected: Path | None,
    hash_of: KeyedHash,
    now: float,
    checkpoint: Callable[[], None],
) -> ImportReport:
    """Tell what an import would do, by the same way; only the file of rejected rows is written.

    Raises ImportFileError.
    """
    erased = _Erased(session, hash_of)
    with open_staging(session, checkpoint) as staging:
        report, total = _stage(staging, path, plan, rejected=rejected, erased=erased, now=now)
        for low, high in _chunks(0, total):
            found = fates(session, plan.publication_id, low, high)
            report = _count(report, {fate: number for fate, (number, _) in found.items()})
            examples = {fate: email for fate, (_, email) in found.items()}
            report = replace(report, examples=examples | dict(report.examples))
            checkpoint()
    return report


def import_readers(
    session: Session,
    path: Path,
    plan: ImportPlan,
    *,
    rejected: Path | None,
    hash_of: KeyedHash,
    now: float,
    checkpoint: Callable[[], None],
    progress: Progress = lambda _done, _total: None,
) -> ImportReport:
    """Import a file; raise ImportFileError before anything is stored.

    `checkpoint` commits the session: called after each chunk, and before the first. The session
    keeps one connection (`staging.open_staging`). Rows that can't be stored go to `rejected`, a
    CSV with line and reason in front, which can be imported again once it is mended.
    """
    fingerprint = _fingerprint(path, plan)
    erased = _Erased(session, hash_of)
    with open_staging(session, checkpoint) as staging:
        report, total = _stage(staging, path, plan, rejected=rejected, erased=erased, now=now)
        run = _find_run(session, plan, fingerprint) or _start_run(
            session, plan, fingerprint, now=now
        )
        terms = _terms(session, plan, run, now=now)
        for low, high in _chunks(run.done, total):
            _add(run, merge(session, terms, low, high), done=high)
            checkpoint()
            progress(high, total)
        run.finished_at = now
        report = _count(report, run.counts)
        checkpoint()
    return report


def _chunks(start: int, total: int) -> Iterator[tuple[int, int]]:
    for low in range(start, total, CHUNK):
        yield low, min(low + CHUNK, total)


def _count(report: ImportReport, counts: Mapping[str, int], **more: int) -> ImportReport:
    kept: dict[str, Any] = asdict(report)
    for fate, number in (*counts.items(), *more.items()):
        kept[fate] += number
    return ImportReport(**kept)


def _add(run: ImportRun, counts: Mapping[str, int], *, done: int) -> None:
    before = run.counts
    run.counts = before | {fate: before.get(fate, 0) + number for fate, number in counts.items()}
    run.done = done


# -- reading ---------------------------------------------------------------------------------


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


def _stage(
    staging: Staging,
    path: Path,
    plan: ImportPlan,
    *,
    rejected: Path | None,
    erased: _Erased,
    now: float,
) -> tuple[ImportReport, int]:
    """Read the whole file into the staging table; return the counts so far, and what is left."""
    defaults = Defaults(
        standing=_STANDING[plan.import_as],
        binding=plan.import_as != ImportAs.ACTIVE,
        now=now,
    )
    with ExitStack() as stack:
        file = stack.enter_context(open_csv(path, plan.columns))
        reader = RowReader(file.header, file.columns, defaults)
        reading = _Reading(file, _Rejects(rejected, file, stack), erased)
        for batch in batches(reading.rows(reader), _BATCH):
            staging.append(reader.columns, batch)
    total = staging.sort(reader.columns, reader.constants)
    report = ImportReport(
        rows=reading.count,
        rejected=reading.rejects.count,
        suppressed=reading.erased_count,
        duplicates=reading.staged - total,
    )
    return report, total


class _Reading:
    """One pass over a file, with its counts."""

    def __init__(self, file: CsvFile, rejects: "_Rejects", erased: _Erased) -> None:
        self.file, self.rejects, self.erased = file, rejects, erased
        self.count = self.erased_count = self.staged = 0

    def rows(self, reader: RowReader) -> Iterator[Row]:
        """Yield the rows to stage."""
        read, erased = reader.read(), self.erased
        for line, fields in self.file.records():
            self.count += 1
            try:
                row = read(fields)
            except UnfitRow as reason:
                self.rejects.write(line, str(reason), fields)
                continue
            if erased and row[0] in erased:
                self.erased_count += 1
            else:
                self.staged += 1
                yield row


class _Rejects:
    """The file of rejected rows, made when the first one comes."""

    def __init__(self, path: Path | None, file: CsvFile, stack: ExitStack) -> None:
        self.count = 0
        self._path, self._header, self._stack = path, file.header, stack
        self._writer: Any = None

    def write(self, line: int, reason: str, fields: Sequence[str]) -> None:
        self.count += 1
        if self._path is None:
            return
        if self._writer is None:
            opened = self._stack.enter_context(self._path.open("w", encoding="utf-8", newline=""))
            self._writer = csv.writer(opened)
            self._writer.writerow(("line", "reason", *self._header))
        self._writer.writerow((line, reason, *fields))


# -- the run and its consent -----------------------------------------------------------------


def _fingerprint(path: Path, plan: ImportPlan) -> str:
    digest = hashlib.sha256(
        repr((plan.import_as, plan.consent, sorted(plan.columns.items()))).encode()
    )
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_OF_FILE):
            digest.update(chunk)
    return digest.hexdigest()


def _find_run(session: Session, plan: ImportPlan, fingerprint: str) -> ImportRun | None:
    unfinished = select(ImportRun).where(
        ImportRun.publication_id == plan.publication_id,
        ImportRun.fingerprint == fingerprint,
        col(ImportRun.finished_at).is_(None),
    )
    return session.exec(unfinished).first()


def _start_run(session: Session, plan: ImportPlan, fingerprint: str, *, now: float) -> ImportRun:
    """Begin a run, with the consent records that its subscriptions will point at."""
    said = session.execute(
        text("SELECT DISTINCT state, tracking = 'linked' FROM staged_reader")
    ).all()
    states = {state for state, _ in said}
    run = ImportRun(publication_id=plan.publication_id, fingerprint=fingerprint, started_at=now)
    if states & {State.ACTIVE, State.PAUSED}:
        run.consent_id = _record(session, plan, ConsentKind.MAIL, granted=True, now=now)
    if State.UNSUBSCRIBED in states:
        run.withdrawal_id = _record(session, plan, ConsentKind.MAIL, granted=False, now=now)
    if any(linked for _, linked in said):
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


def _terms(session: Session, plan: ImportPlan, run: ImportRun, *, now: float) -> Terms:
    suppresses = session.execute(
        text("SELECT 1 FROM staged_reader WHERE suppress <> '' LIMIT 1")
    ).first()
    return Terms(
        publication_id=plan.publication_id,
        consent_id=run.consent_id,
        withdrawal_id=run.withdrawal_id,
        note=plan.consent,
        now=now,
        suppresses=suppresses is not None,
    )
