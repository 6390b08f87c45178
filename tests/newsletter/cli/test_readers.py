"""Readers in and out on the command line."""

import json
import re

from newsletter.database import Database
from tests.newsletter.cli.conftest import Shell
from tests.newsletter.privacy.house import everything


def test_a_row_with_a_bad_address_is_set_aside_and_the_rest_comes_in(shell: Shell) -> None:
    shell.write("more.csv", "email,name\nnew@example.com,New\nnot an address,Bad\n")

    done = shell("subscribers", "import", "more.csv", "--json")

    assert done.code == 0
    assert (done.json["added"], done.json["rejected"]) == (1, 1)
    rejected = (shell.folder / "more.rejected.csv").read_text("utf-8")
    assert "not an address" in rejected


def test_a_dry_run_stores_nothing(shell: Shell) -> None:
    shell.write("more.csv", "email\nnew@example.com\n")
    rehearsed = shell("subscribers", "import", "more.csv", "--dry-run", "--json")
    assert (rehearsed.json["added"], rehearsed.json["dry_run"]) == (1, True)
    assert shell("subscribers", "show", "new@example.com").code == 1


def test_who_left_is_not_brought_back(shell: Shell) -> None:
    shell.write("left.csv", "email\na@example.com\n")
    shell("subscribers", "import", "left.csv", "--as", "unsubscribed")
    again = shell("subscribers", "import", "readers.csv", "--json").json
    assert again["unsubscribed_kept"] == 1
    assert "unsubscribed" in shell("subscribers", "show", "a@example.com", "--json").out


def test_an_export_imports_again_to_the_same(shell: Shell) -> None:
    first = shell("subscribers", "export").out
    assert shell("subscribers", "export", "--out", "all.csv").code == 0
    again = shell("subscribers", "import", "all.csv", "--json").json
    assert (again["added"], again["known"]) == (0, 3)
    assert shell("subscribers", "export").out == first


def test_an_added_reader_is_asked_to_confirm(shell: Shell) -> None:
    added = shell("subscribers", "add", "new@example.com", "--json")
    assert added.json["confirmation_queued"]
    assert not shell("subscribers", "add", "a@example.com", "--json").json["confirmation_queued"]


def test_an_erased_reader_is_gone(shell: Shell) -> None:
    assert shell("subscribers", "erase", "a@example.com").code == 1
    assert shell("subscribers", "erase", "a@example.com", "--yes").code == 0
    assert shell("subscribers", "show", "a@example.com").code == 1
    assert "a@example.com" not in shell("subscribers", "export").out


def test_a_reader_is_shown_with_all_that_happened_newest_first(shell: Shell) -> None:
    shell.write("left.csv", "email\na@example.com\n")
    shell("subscribers", "import", "left.csv", "--as", "unsubscribed", "--consent", "wrote to us")

    shown = shell("subscribers", "show", "a@example.com").out

    about, _, told = shown.partition("When")
    assert re.search(r"^email\s+a@example\.com$", about, re.MULTILINE)
    assert re.search(r"^publication 1\s+unsubscribed, tracking counted$", about, re.MULTILINE)
    assert [" ".join(line.split("UTC")[-1].split()) for line in told.splitlines()[1:]] == [
        "consent to mail withdrawn import wrote to us",
        "consent to mail granted import imported from readers.csv",
        "first known",
    ]


def test_one_persons_data_is_exported_as_json_that_only_its_owner_reads(shell: Shell) -> None:
    assert shell("subscribers", "export", "--one", "a@example.com", "--out", "a.json").code == 0
    path = shell.folder / "a.json"
    assert path.stat().st_mode & 0o777 == 0o600
    data = json.loads(path.read_text("utf-8"))
    assert (data["email"], data["name"]) == ("a@example.com", "A")
    assert shell("subscribers", "show", "a@example.com", "--json").json == data
    assert shell("subscribers", "export", "--one", "nobody@example.com").code == 1


def test_an_erased_reader_is_gone_from_every_table(shell: Shell) -> None:
    shell("subscribers", "add", "new@example.com")
    assert shell("subscribers", "erase", "new@example.com", "--yes").code == 0
    database = Database(f"sqlite:///{shell.folder / 'newsletter.sqlite3'}")
    assert "new@example.com" not in everything(database)
    database.close()
