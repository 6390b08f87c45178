"""Readers in and out on the command line."""

from tests.newsletter.cli.conftest import Shell


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
