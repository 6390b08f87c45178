import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select

from newsletter.database import IMPORT_HANDS
from subscribers import imports
from subscribers.imports import ImportReport
from subscribers.models import ConsentRecord, ImportRun, Subscriber, Subscription
from tests.subscribers import importing_process
from tests.subscribers.readers import Readers

ROWS, CHUNK = 3_000, 25
ROOT = Path(__file__).parents[2]


def kill_after(readers: Readers, path: Path, chunks: int) -> int:
    """Import in another process and kill it once it has told of so many chunks, and goes on."""
    order = {
        "url": readers.database.url,
        "path": str(path),
        "publication_id": readers.publication_id,
        "chunk": CHUNK,
    }
    with subprocess.Popen(
        [sys.executable, importing_process.__file__, json.dumps(order)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(chunks)]
        process.kill()
        told += [int(line) for line in process.stdout]
    assert told[-1] < ROWS, "it was done before the signal came"
    return told[-1]


def rows_stored(done: Sequence[int]) -> int:
    """The rows of all chunks up to where each part, whose chunks take turns, has come."""
    ends = enumerate(range(CHUNK, ROWS + 1, CHUNK))
    return CHUNK * sum(end <= done[number % len(done)] for number, end in ends)


@pytest.mark.parametrize("chunks", [1, 7])
def test_an_import_that_was_killed_left_no_half_row_and_goes_on_where_it_was(
    readers: Readers, monkeypatch: pytest.MonkeyPatch, chunks: int
) -> None:
    path = readers.file(
        "email,name\n" + "".join(f"r{n * 7919 % ROWS:05}@x.example,N{n}\n" for n in range(ROWS))
    )

    told = kill_after(readers, path, chunks)

    def counted(session: Session) -> tuple[int, int, int]:
        done = rows_stored(session.exec(select(ImportRun.done)).one())
        people = session.exec(select(func.count()).select_from(Subscriber)).one()
        whole = session.exec(
            select(func.count())
            .select_from(Subscription)
            .join(Subscriber, col(Subscriber.id) == col(Subscription.subscriber_id))
            .join(ConsentRecord, col(ConsentRecord.id) == col(Subscription.consent_id))
            .where(col(Subscription.mailable))
        ).one()
        return done, people, whole

    done, people, whole = readers.do(counted)
    assert done == people == whole
    assert told <= done <= told + CHUNK * IMPORT_HANDS
    assert done < ROWS

    monkeypatch.setattr(imports, "CHUNK", CHUNK)
    assert readers.bring_in(path) == ImportReport(rows=ROWS, added=ROWS, added_active=ROWS)
    assert readers.do(counted) == (ROWS, ROWS, ROWS)
    assert len(readers.records()) == 1
