import csv

import pytest

from subscribers import erasure, person, suppression, unsubscribe
from subscribers.csv_files import DELIMITERS
from subscribers.errors import (
    ImportFileError,
    LinkUsed,
    NoEmailColumn,
    RaggedRows,
    UnreadableFile,
)
from subscribers.imports import ImportAs, ImportReport
from subscribers.models import SuppressionReason
from tests.subscribers.readers import CLICK, DAY, NOW, Readers, hash_of

THREE = "email,name\nada@example.org,Ada\nBob@gmail.com,Bob\ncy@example.org,Cy\n"


def test_readers_come_in_subscribed_with_one_consent_record(readers: Readers) -> None:
    assert readers.bring_in(THREE) == ImportReport(rows=3, added=3, added_active=3)

    (record,) = readers.records()
    assert (record.subscriber_id, record.source, record.note) == (
        None, "import", "asked at the fair",
    )  # fmt: skip
    for email in ("ada@example.org", "bob@gmail.com", "cy@example.org"):
        subscription = readers.subscription(email)
        assert (subscription.state, subscription.mailable) == ("active", True)
        assert (subscription.consent_id, subscription.tracking) == (record.id, "counted")
        assert subscription.confirmed_at == NOW
    assert readers.subscription("bob@gmail.com").lane == "gmail"
    assert readers.subscriber("bob@gmail.com").email == "Bob@gmail.com"
    assert readers.subscriber("bob@gmail.com").name == "Bob"


def test_importing_a_file_again_changes_nothing(readers: Readers) -> None:
    readers.bring_in(THREE)

    assert readers.bring_in(THREE, now=NOW + DAY) == ImportReport(rows=3, known=3)
    assert readers.subscription("ada@example.org").confirmed_at == NOW


def test_a_language_or_time_zone_that_is_none_is_left_out(readers: Readers) -> None:
    """Else the reader's own page would refuse to save what it shows."""
    readers.bring_in(
        "email,language,time_zone\n"
        "ada@example.org,pt-BR,Europe/Paris\n"
        "bob@gmail.com,Klingon!,Mars/Olympus\n"
    )
    found = [readers.subscriber(email) for email in ("ada@example.org", "bob@gmail.com")]
    assert [(one.language, one.time_zone) for one in found] == [
        ("pt-BR", "Europe/Paris"),
        ("", ""),
    ]


def test_nobody_who_left_is_brought_back(readers: Readers) -> None:
    readers.bring_in(THREE)
    ada, bob = (readers.subscription(f"{who}").subscriber_id
                for who in ("ada@example.org", "bob@gmail.com"))  # fmt: skip
    readers.do(unsubscribe.leave, ada, readers.publication_id, CLICK, now=NOW)
    readers.do(suppression.suppress, "cy@example.org", SuppressionReason.HARD_BOUNCE, now=NOW)
    readers.do(erasure.erase, bob, CLICK, hash_of=hash_of, now=NOW)
    readers.do(suppression.suppress, "new@example.org", SuppressionReason.MANUAL, now=NOW)

    report = readers.bring_in(THREE + "NEW@example.org,New\n")

    assert report == ImportReport(rows=4, unsubscribed_kept=1, suppressed=3)
    assert readers.subscription("ada@example.org").state == "unsubscribed"
    assert not readers.subscription("cy@example.org").mailable
    with readers.session() as session:
        assert (
            session.connection().exec_driver_sql("SELECT count(*) FROM subscriber").scalar_one()
            == 3
        )


def test_a_pending_reader_becomes_active_by_the_imports_consent(readers: Readers) -> None:
    mail = readers.ask("ada@example.org").mail

    assert readers.bring_in(THREE) == ImportReport(rows=3, added=2, added_active=2, updated=1)
    assert readers.subscription("ada@example.org").mailable
    with pytest.raises(LinkUsed):
        readers.confirm(mail)


def test_a_list_of_those_who_left_ends_subscriptions(readers: Readers) -> None:
    readers.bring_in("email\nada@example.org\n")

    report = readers.bring_in(THREE, import_as=ImportAs.UNSUBSCRIBED, consent="left elsewhere")

    assert report == ImportReport(rows=3, added=2, added_unsubscribed=2, updated=1)
    for email in ("ada@example.org", "cy@example.org"):
        subscription = readers.subscription(email)
        assert (subscription.state, subscription.mailable) == ("unsubscribed", False)
        assert (subscription.ended_at, subscription.end_reason) == (NOW, "imported")
    assert readers.records()[-1].note == "left elsewhere"
    assert not readers.records()[-1].granted
    assert readers.bring_in(THREE) == ImportReport(rows=3, unsubscribed_kept=3)


def test_a_do_not_mail_list_suppresses_and_stores_no_readers(readers: Readers) -> None:
    readers.bring_in("email\nada@example.org\n")

    report = readers.bring_in(THREE, import_as=ImportAs.DO_NOT_MAIL)

    assert report == ImportReport(rows=3, added=3, added_do_not_mail=3)
    assert {one.email_key for one in readers.suppressions()} == {
        "ada@example.org", "bob@gmail.com", "cy@example.org",
    }  # fmt: skip
    assert not readers.subscription("ada@example.org").mailable
    assert readers.bring_in(THREE) == ImportReport(rows=3, suppressed=3)
    again = readers.bring_in(THREE, import_as=ImportAs.DO_NOT_MAIL)
    assert again == ImportReport(rows=3, suppressed=3)


def test_tracking_consent_is_as_the_file_says(readers: Readers) -> None:
    readers.bring_in("email;tracking_consent\na@x.example;yes\nb@x.example;No\nc@x.example;\n")

    found = [readers.subscription(f"{who}@x.example").tracking for who in "abc"]
    assert found == ["linked", "off", "counted"]
    assert [(record.kind, record.granted) for record in readers.records()] == [
        ("mail", True), ("tracking", True),
    ]  # fmt: skip


def test_an_import_never_loosens_a_readers_own_choice(readers: Readers) -> None:
    readers.bring_in("email,tracking_consent\na@x.example,no\n")

    readers.bring_in("email,tracking_consent\na@x.example,yes\n")

    assert readers.subscription("a@x.example").tracking == "off"


def test_rows_that_cannot_be_stored_go_to_a_file_with_their_reason(readers: Readers) -> None:
    report = readers.bring_in(
        "email,status,tracking_consent\n"
        "ada@example.org,active,\n"
        "nobody,active,\n"
        "bob@example.org,whatever,\n"
        "cy@example.org,active,maybe\n"
    )

    assert report == ImportReport(rows=4, added=1, added_active=1, rejected=3)
    rejected = readers.folder / "rejected.csv"
    with rejected.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["line"] for row in rows] == ["3", "4", "5"]
    assert "is not an address" in rows[0]["reason"]
    assert "unknown state 'whatever'" in rows[1]["reason"]
    assert "yes, no or empty" in rows[2]["reason"]

    mended = rejected.read_text().replace("nobody,", "dee@example.org,").replace("maybe", "yes")
    assert readers.bring_in(mended) == ImportReport(rows=3, added=2, added_active=2, rejected=1)


@pytest.mark.parametrize(
    ("field", "cell", "reason"),
    [
        ("attributes", '{"town": "Kiel", x}', "attributes are not JSON: "),
        ("tags", "[vip]", "tags are not a JSON array: "),
    ],
)
def test_a_cells_fault_is_told_without_a_line_of_its_own(
    readers: Readers, field: str, cell: str, reason: str
) -> None:
    quoted = cell.replace('"', '""')

    readers.bring_in(f'email,{field}\nada@example.org,"{quoted}"\n')

    with (readers.folder / "rejected.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["reason"].startswith(reason)
    assert row["reason"].endswith(" of the cell)")
    assert "line" not in row["reason"]


def test_of_two_rows_for_an_address_the_one_that_leaves_counts(readers: Readers) -> None:
    report = readers.bring_in(
        "email,name,status\na@x.example,First,\nb@x.example,One,\nA@X.example,Second,\n"
        "b@x.example,Two,unsubscribed\n"
    )

    assert report == ImportReport(
        rows=4, added=2, added_active=1, added_unsubscribed=1, duplicates=2
    )
    assert readers.subscriber("a@x.example").name == "First"
    assert readers.subscription("b@x.example").state == "unsubscribed"


def test_columns_that_nobody_knows_become_attributes(readers: Readers) -> None:
    readers.bring_in(
        "E-Mail,Full Name,country,plan,Tags,attributes\n"
        'a@x.example,Ada,FR,,"beta, vip","{""age"": 36, ""likes"": [""a,b""]}"\n'
    )

    reader = readers.subscriber("a@x.example")
    assert reader.name == "Ada"
    assert reader.attributes == {"age": 36, "likes": ["a,b"], "country": "FR"}
    assert reader.tags == ["beta", "vip"]


def test_what_a_file_adds_to_a_known_reader_is_merged(readers: Readers) -> None:
    readers.bring_in('email,name,tags,attributes\na@x.example,Ada,vip,"{""age"": 36, ""x"": 1}"\n')

    readers.bring_in('email,name,tags,attributes\na@x.example,A.,new,"{""x"": 2}"\n')

    reader = readers.subscriber("a@x.example")
    assert (reader.name, sorted(reader.tags)) == ("Ada", ["new", "vip"])
    assert reader.attributes == {"age": 36, "x": 2}


def test_dates_are_kept_and_what_is_no_date_is_kept_as_it_stands(readers: Readers) -> None:
    readers.bring_in("email,joined\na@x.example,2024-03-01\nb@x.example,last spring\n")

    assert readers.subscription("a@x.example").created_at == 1709251200.0
    assert readers.subscriber("b@x.example").attributes == {"joined": "last spring"}
    assert readers.subscription("b@x.example").created_at == NOW


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_delimiter_and_byte_order_mark_will_do(
    readers: Readers, delimiter: str, encoding: str
) -> None:
    path = readers.folder / "list.csv"
    lines = [["name", "email"], ["Zoë, the First", "zoë@x.example"], ["B", "b@x.example"]]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)

    assert readers.bring_in(path) == ImportReport(rows=2, added=2, added_active=2)
    assert readers.subscriber("zoë@x.example").name == "Zoë, the First"


def test_a_list_of_nothing_but_addresses_is_cut_nowhere(readers: Readers) -> None:
    odd = ["a|b@x.example", "a~b@x.example", "a^b@x.example"]
    assert readers.bring_in("\n".join(["email", *odd])).added == len(odd)


def test_a_guess_can_be_corrected(readers: Readers) -> None:
    text = "contact,address,joined\na@x.example,Lyon,2024-03-01\n"
    columns = {"contact": "email", "address": "attribute", "joined": "ignored"}

    assert readers.bring_in(text, columns=columns).added == 1
    assert readers.subscriber("a@x.example").attributes == {"address": "Lyon"}


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", UnreadableFile, "empty"),
        (b"name,city\nAda,Lyon\n", NoEmailColumn, "Head one of the columns email"),
        (b"email,name\na@x.example,Ada\nb@x.example\nc@x.example,C,D\n", RaggedRows, "line 3, 4"),
        ("email,name\na@x.example,Zoë\n".encode("latin-1"), UnreadableFile, "not UTF-8"),
    ],
)
def test_an_unfit_file_stores_nothing(
    readers: Readers, content: bytes, error: type[ImportFileError], says: str
) -> None:
    path = readers.folder / "list.csv"
    path.write_bytes(content)

    with pytest.raises(error, match=says):
        readers.bring_in(path)

    assert readers.records() == []
    assert readers.bring_in(THREE).added == 3


def test_control_characters_in_a_file_do_no_harm(readers: Readers) -> None:
    readers.bring_in('email,name,city\na@x.example,"A\x00da\nB",Ly\x00on\n')

    assert readers.subscriber("a@x.example").name == "A da B"
    assert readers.subscriber("a@x.example").attributes == {"city": "Lyon"}


def test_an_imported_reader_can_ask_where_their_consent_came_from(readers: Readers) -> None:
    readers.bring_in(THREE)
    reader = readers.subscription("ada@example.org").subscriber_id

    data = readers.do(person.person_data, reader)

    assert [record["note"] for record in data["consent"]] == ["asked at the fair"]
    assert [record["source"] for record in data["consent"]] == ["import"]
