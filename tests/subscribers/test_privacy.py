import csv
import io
import json

import pytest
from sqlmodel import Session

from subscribers import (
    audience,
    erasure,
    exports,
    history,
    person,
    preferences,
    suppression,
    unsubscribe,
)
from subscribers.audience import NotMailable
from subscribers.consent import Agreement
from subscribers.errors import UnknownReader
from subscribers.models import SuppressionReason, Tracking
from tests.subscribers.readers import CLICK, DAY, NOW, Readers, hash_of, standings

BY_THEMSELVES = Agreement(source="page")


def erase(readers: Readers, reader: int) -> None:
    readers.do(erasure.erase, reader, BY_THEMSELVES, hash_of=hash_of, now=NOW)


def export(readers: Readers) -> str:
    with readers.session() as session:
        return "".join(exports.export_csv(session, readers.publication_id))


def every_row(session: Session, tables: tuple[str, ...]) -> str:
    run = session.connection().exec_driver_sql
    return "\n".join(str(run(f"SELECT * FROM {table}").all()) for table in tables)


def test_erasure_leaves_nothing_personal_behind(readers: Readers) -> None:
    agreed = Agreement(source="form", ip="192.0.2.7", note="by Ada herself")
    reader = readers.subscribe("ada@example.org")
    everyone = (reader, readers.publication_id)
    readers.do(preferences.set_name, *everyone, "Ada Lovelace", now=NOW)
    readers.do(preferences.set_tracking, *everyone, Tracking.LINKED, agreed, now=NOW)
    readers.do(suppression.suppress, "ada@example.org", SuppressionReason.HARD_BOUNCE, now=NOW)
    readers.do(suppression.lift, "ada@example.org", now=NOW, by="editor")

    erase(readers, reader)

    with readers.session() as session:
        kept = every_row(
            session,
            ("subscriber", "subscription", "consent_record", "suppression", "throttle"),
        ).lower()
    for personal in ("ada", "lovelace", "example.org", "192.0.2.7"):
        assert personal not in kept
    with pytest.raises(UnknownReader):
        erase(readers, reader)
    standing = readers.do(standings, readers.publication_id, [reader])[reader]
    assert (standing.reason, standing.email) == (NotMailable.ERASED, None)


def test_somebody_erased_may_come_again_as_a_new_reader(readers: Readers) -> None:
    first = readers.subscribe("ada@example.org")
    erase(readers, first)

    again = readers.subscribe("ada@example.org", now=NOW + DAY)

    assert again != first
    assert readers.subscription("ada@example.org").mailable
    assert [one.reason for one in readers.suppressions() if one.lifted_at is None] == []


def test_erasure_does_not_wash_off_an_editors_suppression(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")
    readers.do(suppression.suppress, "ada@example.org", SuppressionReason.MANUAL, now=NOW)
    erase(readers, reader)

    assert readers.ask("ada@example.org", now=NOW + DAY).mail is None


def test_a_person_gets_all_that_is_kept_about_them(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org", tracking=Tracking.LINKED)

    data = json.loads(json.dumps(readers.do(person.person_data, reader)))

    assert data["email"] == "ada@example.org"
    assert [one["state"] for one in data["subscriptions"]] == ["active"]
    assert [one["kind"] for one in data["consent"]] == ["mail", "tracking"]
    assert data["consent"][0]["at"] == "2026-09-21T14:13:20+00:00"


def told(readers: Readers, reader: int) -> list[tuple[str, str]]:
    return [(one.what, one.note) for one in readers.do(history.timeline, reader)]


def test_a_timeline_tells_everything_newest_first(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")
    whose = (reader, readers.publication_id)
    readers.do(suppression.suppress, "ada@example.org", SuppressionReason.HARD_BOUNCE, now=NOW + 1)
    readers.do(suppression.lift, "ada@example.org", now=NOW + 2, by="editor")
    readers.do(preferences.mute, *whose, ["labs"], declared=["labs"], now=NOW + 3)
    readers.do(preferences.pause, *whose, until=NOW + DAY, now=NOW + 4)
    readers.do(preferences.resume_due, now=NOW + DAY)
    readers.do(preferences.set_language, *whose, "fr", now=NOW + DAY + 1)
    readers.do(unsubscribe.leave, *whose, CLICK, now=NOW + DAY + 2)

    assert told(readers, reader) == [
        ("consent to mail withdrawn", ""),
        ("language", "fr"),
        ("pause ended", ""),
        ("paused", "until 2026-09-22T14:13:20+00:00"),
        ("topics", "without labs"),
        ("may be mailed again: hard_bounce lifted", ""),
        ("do not mail: hard_bounce", ""),
        ("consent to mail granted", ""),
        ("asked to subscribe", ""),
        ("first known", ""),
    ]


def test_saving_what_stands_already_makes_no_line(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")
    whose = (reader, readers.publication_id)
    before = told(readers, reader)
    readers.do(preferences.mute, *whose, [], declared=["labs"], now=NOW + 1)
    readers.do(preferences.set_name, *whose, "", now=NOW + 1)
    readers.do(preferences.resume, *whose, now=NOW + 1)
    assert told(readers, reader) == before


def test_a_timeline_keeps_the_import_that_somebody_came_by_after_they_left(
    readers: Readers,
) -> None:
    readers.bring_in("email\nada@example.org\n", consent="signed at the fair")
    reader = readers.subscription("ada@example.org").subscriber_id
    granted = ("consent to mail granted", "signed at the fair")
    assert told(readers, reader)[0] == granted

    readers.do(unsubscribe.leave, reader, readers.publication_id, CLICK, now=NOW + 1)

    assert told(readers, reader)[:2] == [("consent to mail withdrawn", ""), granted]


def test_a_timeline_keeps_an_import_whose_readers_another_import_ends(readers: Readers) -> None:
    readers.bring_in("email\nada@example.org\nbob@example.org\n", consent="signed at the fair")
    ada = readers.subscription("ada@example.org").subscriber_id
    bob = readers.subscription("bob@example.org").subscriber_id

    readers.bring_in(
        "email,state\nada@example.org,unsubscribed\nbob@example.org,active\n",
        consent="from the old system", now=NOW + 1,
    )  # fmt: skip

    granted = ("consent to mail granted", "signed at the fair")
    assert told(readers, ada)[:2] == [("consent to mail withdrawn", "from the old system"), granted]
    assert told(readers, bob)[0] == granted
    assert told(readers, bob)[1:] == [("first known", "")]


def test_an_export_imports_again_to_the_same_state(readers: Readers) -> None:
    readers.bring_in(
        "email,name,tags,attributes,tracking_consent,language\n"
        'Ada@example.org,"Ada, L.",vip,"{""age"": 36}",yes,fr\nbob@gmail.com,Bob,,,no,\n'
        "cy@example.org,,,,,\ndee@example.org,,,,,\n"
    )
    number = {who: readers.subscription(f"{who}@example.org").subscriber_id
              for who in ("ada", "cy", "dee")}  # fmt: skip
    publication = readers.publication_id
    readers.ask("pending@example.org")
    readers.do(
        preferences.mute, number["ada"], publication, ["papers"], declared=["papers"], now=NOW
    )
    readers.do(preferences.pause, number["cy"], publication, until=NOW + DAY, now=NOW)
    readers.do(unsubscribe.leave, number["dee"], publication, CLICK, now=NOW, reason="too long")
    readers.do(suppression.suppress, "bob@gmail.com", SuppressionReason.HARD_BOUNCE, now=NOW)
    readers.do(suppression.suppress, "never@example.org", SuppressionReason.MANUAL, now=NOW)
    before = export(readers)
    with readers.session() as session:
        for table in ("subscription", "consent_record", "suppression", "subscriber"):
            if table == "consent_record":
                session.connection().exec_driver_sql("DELETE FROM import_run")
                session.connection().exec_driver_sql("DELETE FROM happening")
            session.connection().exec_driver_sql(f"DELETE FROM {table}")

    readers.bring_in(before, now=NOW + DAY)

    def rows(text: str) -> list[dict[str, str]]:
        return sorted(csv.DictReader(io.StringIO(text)), key=lambda row: row["email"])

    assert rows(export(readers)) == rows(before)
    assert readers.subscription("ada@example.org").mailable
    assert not readers.subscription("bob@gmail.com").mailable
    assert readers.do(audience.count, publication) == 1
