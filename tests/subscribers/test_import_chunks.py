"""An import's chunks: what is stored by when, and what an interruption leaves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from sqlmodel import Session, select

from subscribers import hands, imports, merge, suppression, unsubscribe
from subscribers.imports import ImportReport
from subscribers.merge import Terms
from subscribers.models import ImportRun, SuppressionReason
from subscribers.sorting import Row
from tests.subscribers.readers import CLICK, NOW, Readers, hash_of

THREE = "email,name\nada@example.org,Ada\nBob@gmail.com,Bob\ncy@example.org,Cy\n"
Act = Callable[..., ImportReport]


def bring_in_over(
    sessions: Sequence[Session],
    readers: Readers,
    text: str,
    act: Act = imports.import_readers,
    **more: Any,
) -> ImportReport:
    plan = imports.ImportPlan(readers.publication_id, "a fair")
    return act(
        sessions, readers.file(text), plan,
        rejected=None, hash_of=hash_of, now=NOW, checkpoint=Session.commit, **more,
    )  # fmt: skip


def test_an_import_that_was_cut_off_goes_on_where_it_was(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 10)
    path = readers.file("email\n" + "".join(f"r{n:02}@x.example\n" for n in range(35)))
    chunks = iter((merge.merge, merge.merge))

    def cut_off(session: Session, terms: Terms, staged: int) -> Mapping[str, int]:
        for whole in chunks:
            return whole(session, terms, staged)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(hands, "merge", cut_off)
        with pytest.raises(KeyboardInterrupt):
            readers.bring_in(path)
    with readers.session() as session:
        assert session.exec(select(ImportRun)).one().counts["added"] == 20

    assert readers.bring_in(path) == ImportReport(rows=35, added=35, added_active=35)
    assert len(readers.records()) == 1
    assert readers.bring_in(path) == ImportReport(rows=35, known=35)


def test_every_row_of_a_stored_chunk_counts_as_stored_whatever_became_of_it(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 10)
    names = [f"r{number:02}@x.example" for number in range(15)]
    readers.do(suppression.suppress, names[0], SuppressionReason.MANUAL, now=NOW)
    left = readers.subscribe(names[1])
    readers.do(unsubscribe.leave, left, readers.publication_id, CLICK, now=NOW)
    readers.subscribe(names[2])
    readers.ask(names[3])
    text = "email\n" + "\n".join([*names, names[4], "no address"]) + "\n"
    plan = imports.ImportPlan(readers.publication_id, "a fair")
    fingerprint = imports.fingerprint_of(readers.file(text), plan)
    chunks = iter([merge.merge])

    def cut_off(session: Session, terms: Terms, staged: int) -> Mapping[str, int]:
        for whole in chunks:
            return whole(session, terms, staged)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(hands, "merge", cut_off)
        with pytest.raises(KeyboardInterrupt), readers.session() as session:
            bring_in_over([session], readers, text)
    assert readers.do(imports.rows_stored, plan, fingerprint) == 10

    with readers.session() as session:
        report = bring_in_over([session], readers, text)

    assert report == ImportReport(
        rows=17, added=11, added_active=11, known=1, updated=1, unsubscribed_kept=1,
        suppressed=1, duplicates=1, rejected=1,
    )  # fmt: skip
    assert readers.do(imports.rows_stored, plan, fingerprint) == 0


@pytest.mark.parametrize("act", [imports.import_readers, imports.rehearse])
def test_an_import_commits_in_chunks_and_tells_its_progress(
    readers: Readers, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 2)
    heard: list[tuple[int, int]] = []
    with readers.session() as session:
        bring_in_over(
            [session], readers, THREE, act,
            progress=lambda done, total: heard.append((done, total)),
        )  # fmt: skip

    assert heard == [(2, 3), (3, 3)]


def test_hands_side_by_side_store_what_one_would(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 10)
    names = [f"r{number:03}@x.example" for number in range(95)]
    readers.do(suppression.suppress, names[50], SuppressionReason.MANUAL, now=NOW)
    left = readers.subscribe(names[20])
    readers.do(unsubscribe.leave, left, readers.publication_id, CLICK, now=NOW)

    with readers.database.importing() as sessions:
        report = bring_in_over(sessions, readers, "email\n" + "\n".join([*names, names[7]]) + "\n")

    assert report == ImportReport(
        rows=96, added=93, added_active=93, duplicates=1, suppressed=1, unsubscribed_kept=1
    )
    with readers.session() as session:
        run = session.exec(select(ImportRun)).one()
    assert (max(run.done), len(run.done)) == (96, len(sessions))
    assert run.finished_at == NOW
    assert readers.subscription(names[94]).mailable


def test_an_import_asks_for_a_session_that_keeps_its_connection(readers: Readers) -> None:
    with (
        Session(readers.database.engine) as session,
        pytest.raises(TypeError, match="keeps one connection"),
    ):
        bring_in_over([session], readers, THREE)


def test_what_goes_wrong_beside_a_chunk_leaves_that_one_stored(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next chunk is made ready while one is merged; the disk may be full just then."""
    monkeypatch.setattr(imports, "CHUNK", 10)
    path = readers.file("email\n" + "".join(f"r{n:02}@x.example\n" for n in range(35)))
    chunks = iter((1, 2))

    def full(rows: list[Row], *_: object) -> list[Row]:
        for _chunk in chunks:
            return rows
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(imports, "_one_each", full)
        with pytest.raises(OSError, match="No space left"):
            readers.bring_in(path)
    with readers.session() as session:
        assert session.exec(select(ImportRun)).one().counts["added"] == 20

    assert readers.bring_in(path) == ImportReport(rows=35, added=35, added_active=35)


@pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("cut_off", [False, True], ids=["to its end", "cut off"])
def test_an_import_leaves_its_connection_as_it_was(
    readers: Readers, monkeypatch: pytest.MonkeyPatch, *, cut_off: bool
) -> None:
    def said(session: Session) -> list[object]:
        asked = ("database_list", "synchronous", "wal_autocheckpoint")
        return [session.connection().exec_driver_sql(f"PRAGMA {name}").all() for name in asked]

    if cut_off:
        monkeypatch.setattr(hands, "merge", _interrupted)
    with readers.session() as session:
        before = said(session)
        session.commit()
        try:
            bring_in_over([session], readers, THREE)
        except KeyboardInterrupt:
            assert cut_off
        assert said(session) == before


def _interrupted(_session: Session, _terms: Terms, _staged: int) -> Mapping[str, int]:
    raise KeyboardInterrupt
