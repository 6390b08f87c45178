"""Readers in and out on the command line."""

import json
import re

import pytest

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

    about, _, told = shown.rpartition("When")
    assert re.search(r"^email\s+a@example\.com$", about, re.MULTILINE)
    assert re.search(r"^inference\s+unsubscribed, tracking counted$", about, re.MULTILINE)
    assert re.search(
        r"^to mail, withdrawn\s+[-0-9]+ [0-9:]+ UTC\s+import\s+wrote to us$", about, re.MULTILINE
    )
    assert [" ".join(line.split("UTC")[-1].split()) for line in told.splitlines()[1:]] == [
        "consent to mail withdrawn import wrote to us",
        "consent to mail granted import imported from readers.csv",
        "first known",
    ]


def test_attributes_and_tags_are_shown_as_a_file_has_them(shell: Shell) -> None:
    shell.write("fair.csv", 'email,city,tags\nf@example.com,Kiel,"fair, founder"\n')
    shell("subscribers", "import", "fair.csv", "--consent", "signed up at the fair")

    shown = shell("subscribers", "show", "f@example.com").out.splitlines()

    assert shown[0].split() == ["What", "Value"]
    assert 'attributes\t{"city":"Kiel"}' in shown
    assert "tags\tfair, founder" in shown


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


def test_a_dry_run_shows_what_the_columns_are_taken_as_and_an_example_for_each_fate(
    shell: Shell,
) -> None:
    shell.write("more.csv", "E-Mail,Town\na@example.com,Kiel\nnew@example.com,Rome\nno one,Oslo\n")

    shown = shell("subscribers", "import", "more.csv", "--dry-run")
    found = shell("subscribers", "import", "more.csv", "--dry-run", "--json").json

    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert {"E-Mail email", "Town attribute"} <= set(lines)
    assert "1 new new@example.com" in lines
    assert "1 – active, who get mail new@example.com" in lines
    assert "1 known already a@example.com" in lines
    assert found["columns"] == {"E-Mail": "email", "Town": "attribute"}
    assert (found["added"], found["added_active"], found["added_pending"]) == (1, 1, 0)
    assert found["examples"] == {
        "added": "new@example.com",
        "added_active": "new@example.com",
        "known": "a@example.com",
    }
    assert found["rejected"] == 1


def test_a_dry_run_says_how_many_of_the_new_get_mail_and_who_may_not(shell: Shell) -> None:
    """A reader on the do-not-mail list is told as such, though they are known."""
    shell("subscribers", "suppress", "a@example.com")
    shell.write("more.csv", "email,status\na@example.com,active\nnew@example.com,unsubscribed\n")

    shown = shell("subscribers", "import", "more.csv", "--dry-run").out

    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "0 – active, who get mail" in lines
    assert "1 – unsubscribed new@example.com" in lines
    assert "1 on the do-not-mail list, and stay so a@example.com" in lines
    assert "known already" not in shown


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"email,name\na@example.com,A,extra\n", "line 2"),
        ("email,name\na@example.com,Zoë\n".encode("latin-1"), "not UTF-8"),
        (b"name,town\nA,Kiel\n", "Head one of the columns email"),
        (b"", "empty"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_told_before_anything_is_written(
    shell: Shell, content: bytes, words: str
) -> None:
    (shell.folder / "wrong.csv").write_bytes(content)
    before = shell("subscribers", "export").out
    told = shell("subscribers", "import", "wrong.csv")
    assert told.code == 1
    assert words in told.err
    assert "Nothing was imported" in told.err or words == "empty" or "Head one" in told.err
    assert shell("subscribers", "export").out == before


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("Town=colour", ("colour", "the fields are", "time_zone", "attribute")),
        ("Foo=email", ("Foo", "no such column", "Town")),
    ],
)
def test_a_column_that_is_corrected_wrong_is_told_before_anything_is_written(
    shell: Shell, column: str, words: tuple[str, ...]
) -> None:
    shell.write("more.csv", "email,Town\nnew@example.com,Kiel\n")
    refused = shell("subscribers", "import", "more.csv", "--column", column)
    assert refused.code == 2
    assert all(word in refused.err for word in words)
    assert shell("subscribers", "show", "new@example.com").code == 1


def test_a_folder_is_not_imported(shell: Shell) -> None:
    refused = shell("subscribers", "import", ".")
    assert refused.code == 2
    assert "'.'" in refused.err
    assert "directory" in refused.err


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (("subscribers", "export", "--one", "a@example.com", "--out", "no/a.json"), "no/a.json"),
        (("subscribers", "export", "--out", "edition.yaml/a.csv"), "edition.yaml/a.csv"),
        (("check", "edition.yaml", "--brand", "nope.toml"), "nope.toml"),
        (("compose", "edition.yaml", "--out", "readers.csv"), "readers.csv"),
    ],
)
def test_a_file_that_can_not_be_used_is_named_with_a_way_out(
    shell: Shell, command: tuple[str, ...], path: str
) -> None:
    refused = shell(*command)
    assert refused.code == 1
    assert refused.err.startswith(f"{path}: ")
    assert "Errno" not in refused.err
    assert "Name " in refused.err


def test_an_address_is_put_on_the_do_not_mail_list_and_taken_off(shell: Shell) -> None:
    assert shell("subscribers", "suppress", "a@example.com", "--note", "asked by phone").code == 0
    assert "manual" in shell("subscribers", "export").out
    again = shell("subscribers", "suppress", "A@Example.com", "--json").json
    assert again == {"suppressed": True, "news": False}
    assert shell("subscribers", "lift", "a@example.com").code == 2  # a note is needed
    assert shell("subscribers", "lift", "a@example.com", "--note", "wants it again").code == 0
    assert "manual" not in shell("subscribers", "export").out
    shown = shell("subscribers", "show", "a@example.com").out
    assert "may be mailed again: manual lifted" in shown
    assert "wants it again" in shown
    nothing = shell("subscribers", "lift", "a@example.com", "--note", "once more")
    assert (nothing.code, "not on the do-not-mail list" in nothing.err) == (1, True)


def test_an_editor_lifts_no_complaint(shell: Shell) -> None:
    shell.write("angry.csv", "email,suppressed\na@example.com,complaint\n")
    shell("subscribers", "import", "angry.csv")
    refused = shell("subscribers", "lift", "a@example.com", "--note", "surely a mistake")
    assert refused.code == 1
    assert "only its reader" in refused.err
    assert "complaint" in shell("subscribers", "export").out
