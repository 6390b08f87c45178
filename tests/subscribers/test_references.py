"""What a subscription refers to is there, though no foreign key says so (docs/decisions/0010)."""

import pytest
from sqlalchemy.exc import IntegrityError

from subscribers import erasure, forgetting, preferences, unsubscribe
from subscribers.imports import ImportAs
from tests.subscribers.readers import CLICK, DAY, NOW, Readers, hash_of

NOWHERE = {
    "reader": "subscriber_id NOT IN (SELECT id FROM subscriber)",
    "publication": "publication_id NOT IN (SELECT id FROM publication)",
    "consent": "consent_id IS NOT NULL AND consent_id NOT IN (SELECT id FROM consent_record)",
}


def dangling(readers: Readers) -> dict[str, int]:
    """How many subscriptions refer to what there is not."""
    with readers.session() as session:
        run = session.connection().exec_driver_sql
        return {
            what: run(f"SELECT count(*) FROM subscription WHERE {condition}").scalar_one()
            for what, condition in NOWHERE.items()
        }  # fmt: skip


def test_a_whole_life_of_a_list_leaves_no_reference_to_nowhere(readers: Readers) -> None:
    readers.bring_in("email\n" + "".join(f"r{number}@x.example\n" for number in range(50)))
    readers.bring_in(
        "email\nr1@x.example\nnew@x.example\n", import_as=ImportAs.UNSUBSCRIBED, now=NOW + 1
    )
    signed_up = readers.subscribe("ada@x.example")
    readers.ask("never@x.example")
    left = readers.subscription("r2@x.example").subscriber_id
    readers.do(unsubscribe.leave, left, readers.publication_id, CLICK, now=NOW + 2)
    readers.do(preferences.pause, signed_up, readers.publication_id, until=NOW + DAY, now=NOW + 2)
    readers.do(erasure.erase, left, CLICK, hash_of=hash_of, now=NOW + 3)
    ended, strangers = readers.do(forgetting.end_requests, before=NOW + DAY, limit=10)
    readers.do(forgetting.drop, strangers)

    assert (ended, len(strangers)) == (1, 1)
    assert dangling(readers) == {"reader": 0, "publication": 0, "consent": 0}


def test_a_reader_with_a_record_cannot_be_deleted_by_mistake(readers: Readers) -> None:
    """The other tables' foreign keys still hold: whoever confirmed has a record that names them."""
    reader = readers.subscribe("ada@x.example")
    with pytest.raises(IntegrityError):
        readers.do(forgetting.drop, [reader])
    assert dangling(readers)["reader"] == 0


def test_a_chunk_that_fails_leaves_no_half_of_its_readers(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers and subscriptions of a chunk come in together, or not at all."""
    with monkeypatch.context() as broken:
        broken.setattr("subscribers.merge._NEW_SUBSCRIPTIONS", "SELECT no_such_column")
        with pytest.raises(Exception, match="no_such_column"):
            readers.bring_in("email\nada@x.example\n")
    with readers.session() as session:
        run = session.connection().exec_driver_sql
        assert run("SELECT count(*) FROM subscriber").scalar_one() == 0
    readers.bring_in("email\nada@x.example\n")
    assert dangling(readers)["reader"] == 0
