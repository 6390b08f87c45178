"""From a file to the inbox on the command line."""

import email
import json
import sqlite3
from contextlib import closing
from email import policy
from pathlib import Path

from sqlmodel import select

from newsletter.database import Database
from newsletter.editions.models import Edition
from tests.newsletter.cli.conftest import EDITION, Shell
from tests.newsletter.dispatch.batches import add_batch, add_delivery

DATE = "2026-11-22"
BROKEN = """\
schema: 1
date: 2026-13-99
titel: Morning
sections:
  - kind: links
    heading: AI Labs
    items:
      - {title: One, url: "javascript:alert(1)"}
"""


def approved(shell: Shell) -> None:
    assert shell("edition", "import", "edition.yaml").code == 0
    assert shell("edition", "approve", DATE).code == 0


def alerts(shell: Shell) -> list[str]:
    """The headings of the alerts that wait in the database."""
    with closing(sqlite3.connect(shell.folder / "newsletter.sqlite3")) as database:
        rows = database.execute("SELECT data FROM notice WHERE kind = 'alert'").fetchall()
    return [json.loads(data)["heading"] for (data,) in rows]


def mails(shell: Shell) -> list[Path]:
    return sorted(shell.folder.glob("mail/**/*.eml"))


def test_an_edition_is_imported_approved_and_sent_to_everybody_once(shell: Shell) -> None:
    approved(shell)

    sent = shell("send", DATE, "--yes", "--wait", "--json")

    assert sent.code == 0, sent.err
    assert sent.json["status"] == "sent"
    shown = shell("edition", "show", DATE, "--json").json
    assert (shown["recipients"], shown["accepted"], shown["unsure"]) == (3, 3, 0)
    messages = [
        email.message_from_bytes(one.read_bytes(), policy=policy.default) for one in mails(shell)
    ]
    assert {one["To"] for one in messages} == {"a@example.com", "b@example.com", "c@example.com"}
    assert {one["Subject"] for one in messages} == {"Morning"}
    assert all(one["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" for one in messages)


def test_with_a_folder_every_send_says_that_nothing_left(shell: Shell) -> None:
    approved(shell)
    assert "nothing left this machine" in shell("send", DATE, "--test", "me@example.com").out
    assert "nothing left this machine" in shell("send", DATE, "--yes", "--wait").out
    assert len(mails(shell)) == 4


def test_nothing_is_sent_without_approval(shell: Shell) -> None:
    shell("edition", "import", "edition.yaml")

    refused = shell("send", DATE, "--yes", "--wait")

    assert refused.code == 1
    assert "not approved" in refused.err
    assert mails(shell) == []


def test_nothing_is_sent_without_a_yes(shell: Shell) -> None:
    approved(shell)
    assert shell("send", DATE).code == 1
    assert shell("edition", "show", DATE, "--json").json["status"] == "approved"


def test_a_dry_run_sends_nothing(shell: Shell) -> None:
    approved(shell)
    plan = shell("send", DATE, "--dry-run", "--json")
    assert (plan.code, plan.json["recipients"]) == (0, 3)
    assert mails(shell) == []


def test_a_limit_sends_to_the_first_readers_only(shell: Shell) -> None:
    approved(shell)
    assert shell("send", DATE, "--yes", "--wait", "--limit", "2").code == 0
    assert len(mails(shell)) == 2


def test_a_broken_file_tells_every_error_and_stores_nothing(shell: Shell) -> None:
    shell.write("broken.yaml", BROKEN)

    refused = shell("edition", "import", "broken.yaml", "--json")

    assert refused.code == 1
    fields = {one["field"]: one["line"] for one in refused.json["errors"]}
    assert {"date", "titel"} <= fields.keys()
    assert any("url" in field for field in fields)
    assert "broken.yaml:3" in refused.err
    assert shell("edition", "list", "--json").json == {"editions": []}


def test_a_draft_that_could_not_be_approved_is_stored_and_says_so(shell: Shell) -> None:
    shell.write("slips.yaml", EDITION.replace("title: Morning", "title: '{{ reader.name | x }}'"))

    stored = shell("edition", "import", "slips.yaml")

    assert stored.code == 0
    assert "stored (revision 1, draft)" in stored.out
    assert "slips.yaml:3: error: title: " in stored.err
    assert "1 error, " in stored.err
    assert "can't be approved until it is mended (newsletter check slips.yaml)" in stored.err
    assert "can't be approved" not in shell("edition", "import", "edition.yaml").err


def test_an_import_tells_with_lines_what_only_the_database_knows(shell: Shell) -> None:
    shell.write("before.yaml", EDITION.replace("2026-11-22", "2026-11-20"))
    assert shell("edition", "import", "before.yaml", "--archive-only").code == 0
    asks = "Compute is {{ reader.attributes.ciyt | scarce }}"
    shell.write("edition.yaml", EDITION.replace("Compute is **scarce**", asks))

    stored = shell("edition", "import", "edition.yaml")

    assert stored.code == 0
    assert "edition.yaml:12: warning: sections[1].items[0].url: " in stored.err
    assert "20 November 2026" in stored.err
    assert "none of the newest 3 readers has what {{ reader.attributes.ciyt }} asks" in stored.err
    assert "can't be approved" not in stored.err


def test_a_link_that_was_mended_before_the_approval_is_none_of_the_editions(shell: Shell) -> None:
    shell.write("slip.yaml", EDITION.replace("labs.example", "lasb.example"))
    assert shell("edition", "import", "slip.yaml").code == 0
    approved(shell)
    assert shell("send", DATE, "--yes", "--wait").code == 0

    links = shell("report", DATE, "--json").json["links"]

    assert "labs.example" in str(links)
    assert "lasb.example" not in str(links)


def test_waits_are_told_to_machines_with_times_as_the_api_writes_them(shell: Shell) -> None:
    approved(shell)
    database = Database(f"sqlite:///{shell.folder}/newsletter.sqlite3")
    with closing(database), database.writing() as session:
        edition = session.exec(select(Edition)).one()
        edition.state = "sending"
        batch = add_batch(
            session, edition.key, provider="folder", state="ready", put_off="the disk is full",
            put_off_since=1_795_334_400.0, due_at=1_795_335_000.0,
        )  # fmt: skip
        add_delivery(session, batch, 1, "queued")

    [wait] = shell("edition", "show", DATE, "--json").json["waiting"]

    assert wait == {
        "provider": "folder",
        "why": "the disk is full",
        "readers": 1,
        "since": "2026-11-22T08:00:00Z",
        "next_try": "2026-11-22T08:10:00Z",
    }


def test_a_change_after_approval_is_said_aloud(shell: Shell) -> None:
    approved(shell)
    shell("edition", "schedule", DATE, "--at", "2036-11-22T07:00")
    shell.write("edition.yaml", EDITION.replace("Morning", "Evening"))

    changed = shell("edition", "import", "edition.yaml", "--json")

    assert "will NOT go out" in changed.err
    assert changed.json["status"] == "draft"


def test_a_change_of_what_was_scheduled_alerts_a_person(shell: Shell) -> None:
    approved(shell)
    shell.write("edition.yaml", EDITION.replace("Morning", "Noon"))
    shell("edition", "import", "edition.yaml")  # approved, and not due yet
    assert alerts(shell) == []
    shell("edition", "approve", DATE)
    shell("edition", "schedule", DATE, "--at", "2036-11-22T07:00")
    shell.write("edition.yaml", EDITION.replace("Morning", "Evening"))

    shell("edition", "import", "edition.yaml")

    assert alerts(shell) == [f"Edition {DATE} will NOT go out as scheduled"]


def test_a_time_that_summer_time_skips_is_refused(shell: Shell) -> None:
    approved(shell)
    refused = shell("edition", "schedule", DATE, "--at", "2036-03-30T02:30")
    assert refused.code == 1
    assert "summer time skips it" in refused.err


def test_a_time_that_is_over_mails_nobody(shell: Shell) -> None:
    approved(shell)
    refused = shell("edition", "schedule", DATE, "--at", "2016-11-22T07:00")
    assert refused.code == 1
    assert "is over" in refused.err
    assert f"`newsletter send {DATE}` sends now" in refused.err
    assert shell("edition", "show", DATE, "--json").json["status"] == "approved"


def test_times_in_json_are_those_of_the_api(shell: Shell) -> None:
    approved(shell)
    asked = shell(
        "edition", "schedule", DATE, "--at", "2036-11-22T07:00", "--zone", "UTC", "--json"
    )
    shown = shell("edition", "show", DATE, "--json").json
    assert asked.json["scheduled_at"] == shown["scheduled_at"] == "2036-11-22T07:00:00Z"
    assert shown["started_at"] is None


def test_a_scheduled_edition_can_be_cancelled(shell: Shell) -> None:
    approved(shell)
    assert shell("edition", "schedule", DATE, "--at", "2036-11-22T07:00").code == 0
    assert shell("edition", "cancel", DATE, "--yes").code == 0
    assert shell("edition", "show", DATE, "--json").json["status"] == "cancelled"
    assert shell("edition", "import", "edition.yaml", "--json").json["created"]


def test_a_real_provider_with_a_test_setup_is_refused(shell: Shell) -> None:
    approved(shell)
    refused = shell("send", DATE, "--yes", provider="smtp", smtp_url="smtp://mail.example.org:25")
    assert refused.code == 1
    assert "base_url" in refused.err
    refused = shell("send", DATE, "--test", "me@example.com", provider="sendgrid",
                    sendgrid_api_key="SG.x", base_url="https://news.example.org",
                    secret_key="insecure-default-secret")  # fmt: skip
    assert refused.code == 1
    assert "secret_key" in refused.err
    assert "SG.x" not in refused.err + refused.out


def test_the_report_of_a_sent_edition_has_its_figures(shell: Shell) -> None:
    approved(shell)
    shell("send", DATE, "--yes", "--wait")
    report = shell("report", DATE, "--json")
    assert (report.code, report.json["sent"], report.json["opens_people"]) == (0, 3, 0)
    told = shell("report", DATE).out
    assert "Recipients" in told
    assert "Delivered: not known" in told  # a folder says no more
    assert "Bounced or complained: not known" in told
    assert "Bounced or dropped: 0" in shell("report", DATE, bounce_address="bounces@x.example").out


def test_an_unknown_edition_is_said_with_the_way_out(shell: Shell) -> None:
    for words in (("edition", "show", "2020-01-01"), ("report", "2020-01-01")):
        refused = shell(*words)
        assert refused.code == 1
        assert "newsletter edition list" in refused.err
