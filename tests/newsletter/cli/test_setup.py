"""Setting up, looking after the setup, composing without one."""

import email
import mailbox
import sqlite3
from contextlib import closing
from email import policy
from importlib.metadata import version

import pytest

from newsletter.settings import load_settings
from tests.newsletter.cli.conftest import CONFIG, EDITION, Shell

AWAY = "http://127.0.0.1:1"


def test_init_can_be_repeated_and_brings_changes_in(bare: Shell) -> None:
    bare.write("newsletter.toml", CONFIG)
    assert bare("init", "--json").json["publication"] == "inference"
    bare.write("newsletter.toml", CONFIG.replace("The Inference Ledger", "Another Name"))
    assert bare("init").out.startswith("Another Name")


def test_init_without_a_file_and_without_a_terminal_says_what_to_write(bare: Shell) -> None:
    refused = bare("init")
    assert refused.code == 1
    assert "[publication]" in refused.err
    assert list(bare.folder.iterdir()) == []


def test_init_asks_again_until_the_answer_will_do(bare: Shell) -> None:
    answers = (
        "Tidewater",
        "Tide Water",
        "",
        "nobody",
        "",
        "1 Quay Street",
        "Europe/Berln",
        "Europe/Berlin",
    )
    asked = bare.answering(*answers)("init")
    assert asked.code == 0, asked.err
    assert "like Europe/Berlin" in asked.out + asked.err
    assert "must be small letters, digits and dashes" in asked.out + asked.err
    assert "Value error" not in asked.out + asked.err
    written = load_settings(bare.folder / "newsletter.toml").publication
    assert written is not None
    assert written.time_zone == "Europe/Berlin"
    assert (written.slug, written.sender) == ("tidewater", "Tidewater <news@example.org>")


def test_a_stored_time_zone_that_there_is_not_is_found_and_breaks_nothing(shell: Shell) -> None:
    assert shell("edition", "import", "edition.yaml").code == 0
    with closing(sqlite3.connect(shell.folder / "newsletter.sqlite3")) as database, database:
        database.execute("UPDATE publication SET time_zone = 'Europe/Berln'")
    found = {one["check"]: one for one in shell("doctor", "--json").json["checks"]}
    assert "newsletter init" in found["time zone of inference"]["cure"]
    assert shell("edition", "show", "2026-11-22", "--json").json["status"] == "draft"
    shown = shell("edition", "show", "2026-11-22")
    assert shown.code == 1
    assert "like Europe/Berlin" in shown.err


@pytest.mark.parametrize(
    "command",
    [("edition", "list"), ("subscribers", "export"), ("report", "2026-11-22"), ("doctor",)],
)
def test_a_command_in_a_folder_of_something_else_says_so_and_leaves_nothing_behind(
    bare: Shell, command: tuple[str, ...]
) -> None:
    refused = bare(*command)
    assert refused.code == 1
    for words in ("no newsletter.toml here", "NEWSLETTER_CONFIG", "newsletter init"):
        assert words in refused.err
    assert list(bare.folder.iterdir()) == []


def test_a_command_before_the_database_is_there_makes_none(bare: Shell) -> None:
    bare.write("newsletter.toml", CONFIG)
    refused = bare("edition", "list")
    assert refused.code == 1
    assert "newsletter.sqlite3" in refused.err
    assert [path.name for path in bare.folder.iterdir()] == ["newsletter.toml"]


def test_a_command_before_init_says_so(bare: Shell) -> None:
    refused = bare("edition", "list")
    assert refused.code == 1
    assert "newsletter init" in refused.err


def test_a_database_that_is_away_is_said_with_the_cure(shell: Shell) -> None:
    refused = shell("edition", "list", database_url="postgresql://x@127.0.0.1:1/none")
    assert refused.code == 1
    assert "DATABASE_URL" in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("command", [("edition", "list"), ("migrate",), ("doctor",), ("init",)])
@pytest.mark.parametrize("url", ["rubbish", "mysql://foo"])
def test_a_url_of_no_database_is_said_in_one_line(
    shell: Shell, command: tuple[str, ...], url: str
) -> None:
    refused = shell(*command, database_url=url)
    assert refused.code == 1
    (line,) = refused.err.strip().splitlines()
    assert "sqlite:///" in line
    assert "postgresql://" in line


@pytest.mark.parametrize("command", ["init", "migrate"])
def test_setting_up_says_that_the_database_is_away(shell: Shell, command: str) -> None:
    refused = shell(command, database_url="postgresql://x@127.0.0.1:1/none")
    assert refused.code == 1
    assert "DATABASE_URL" in refused.err
    assert "Traceback" not in refused.err


def test_it_says_which_version_it_is(bare: Shell) -> None:
    said = bare("--version")
    assert (said.code, said.out) == (0, f"newsletter {version('newsletter')}\n")


def test_wrong_usage_ends_with_2(bare: Shell) -> None:
    assert bare("send").code == 2
    assert bare("no-such-command").code == 2


def test_the_doctor_finds_a_healthy_house_healthy(shell: Shell) -> None:
    healthy = shell("doctor", "--json")
    assert healthy.code == 0
    assert {one["check"] for one in healthy.json["checks"]} >= {
        "database", "migrations", "publication", "secret", "base URL", "provider", "mail folder"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "check", "cure"),
    [
        ({"secret_key": "insecure-default-secret"}, "secret", "newsletter init"),
        ({"database_url": "postgresql://x@127.0.0.1:1/none"}, "database", "DATABASE_URL"),
        ({"database_url": "sqlite:///none.sqlite3"}, "database", "newsletter init"),
        ({"database_url": "sqlite:///empty.sqlite3"}, "migrations", "newsletter migrate"),
        ({"provider": "smtp", "smtp_url": "smtp://127.0.0.1:1"}, "provider", "SMTP_URL"),
        ({"provider": "pigeon"}, "provider", "folder"),
        ({"mail_folder": "/proc/nowhere"}, "mail folder", "mail_folder"),
        ({"base_url": "news.example.org"}, "base URL", "base_url"),
        ({"base_url": "https://[news"}, "base URL", "base_url"),
        ({"alert_email": "nobody"}, "alerts", "alert_email"),
        ({"alert_email": "Desk <desk@ledger.example>"}, "alerts", "alert_email"),
        ({"bounce_mailbox": "maildir:///no/such"}, "bounce mailbox", "new and cur in it"),
        ({"bounce_mailbox": "/var/mail/bounces"}, "bounce mailbox", "maildir:///path"),
        (
            {
                "sendgrid_webhook_public_key": "SG.abc",
                "provider": "sendgrid",
                "sendgrid_host": AWAY,
            },
            "webhook key",
            "Event Webhook",
        ),
    ],
)
def test_the_doctor_names_what_is_wrong_with_its_cure(
    shell: Shell, settings: dict[str, str], check: str, cure: str
) -> None:
    shell.write("empty.sqlite3", "")
    sick = shell("doctor", "--json", **settings)
    assert sick.code == 1
    found = {one["check"]: one for one in sick.json["checks"]}
    assert not found[check]["ok"]
    assert cure in found[check]["cure"]
    assert not (shell.folder / "none.sqlite3").exists()


@pytest.mark.parametrize(
    "address", ["desk@ledger.example", "root@localhost", "jörg@bücher.example"]
)
def test_the_doctor_takes_every_address_that_alerts_can_go_to(shell: Shell, address: str) -> None:
    found = {
        one["check"]: one for one in shell("doctor", "--json", alert_email=address).json["checks"]
    }
    assert found["alerts"]["ok"]


def test_the_doctor_looks_into_the_bounce_mailbox_and_leaves_its_mail_unread(shell: Shell) -> None:
    box = mailbox.Maildir(shell.folder / "bounces")
    box.add(b"Subject: hello\n\n")
    assert shell("doctor", bounce_mailbox=f"maildir://{shell.folder}/bounces").code == 0
    assert [path.parent.name for path in (shell.folder / "bounces").glob("*/*")] == ["new"]


def test_compose_needs_neither_database_nor_settings(bare: Shell) -> None:
    bare.write("edition.yaml", EDITION)

    done = bare("compose", "edition.yaml", "--out", "out", "--json")

    assert done.code == 0, done.err
    assert done.json["subject"] == "Morning"
    assert done.json["links"] == 1
    assert done.json["warnings"] == []
    html = (bare.folder / "out/edition.html").read_text("utf-8")
    assert len(html.encode()) == done.json["html_bytes"]
    assert "/c/1/" in html
    message = email.message_from_bytes(
        (bare.folder / "out/edition.eml").read_bytes(), policy=policy.default
    )
    part = message.get_body(("html",))
    assert part is not None
    assert part.get_content().splitlines() == html.splitlines()
    assert message["List-Unsubscribe"].startswith("<https://")
    assert {path.name for path in (bare.folder / "out").iterdir()} == {
        f"edition.{kind}" for kind in ("mjml", "html", "txt", "eml")
    }


def test_a_brand_file_dresses_the_edition(bare: Shell) -> None:
    bare.write("edition.yaml", EDITION)
    bare.write("newsletter.toml", CONFIG)
    bare("compose", "edition.yaml", "--out", "out", "--brand", "newsletter.toml")
    assert "The Inference Ledger" in (bare.folder / "out/edition.html").read_text("utf-8")


def test_check_ends_with_1_where_there_is_an_error(bare: Shell) -> None:
    bare.write("edition.yaml", EDITION)
    assert bare("check", "edition.yaml", "--json").json["errors"] == []
    bare.write("broken.yaml", EDITION.replace("kind: essay", "kind: esay"))
    broken = bare("check", "broken.yaml", "--json")
    assert broken.code == 1
    assert "essay" in broken.err


def test_check_says_the_line_of_what_it_finds(bare: Shell) -> None:
    bare.write("edition.yaml", EDITION.replace("title: Morning", "title: '{{ reader.name | x }}'"))

    found = bare("check", "edition.yaml", "--json")

    (error,) = found.json["errors"]
    place = (error["file"], error["line"], error["field"], error["code"])
    line = 1 + EDITION[: EDITION.index("title: Morning")].count("\n")
    assert place == ("edition.yaml", line, "title", "misplaced-placeholder")
    assert f"edition.yaml:{line}: error: title: {{{{ reader.name | x }}}}" in found.err


def test_a_token_is_shown_once_and_can_be_revoked(shell: Shell) -> None:
    made = shell("token", "create", "feed robot", "--json").json
    assert made["token"].startswith("nl_")
    listed = shell("token", "list", "--json")
    assert made["token"] not in listed.out
    assert shell("token", "revoke", str(made["id"])).code == 0
    assert shell("token", "list", "--json").json["tokens"][0]["revoked_at"] is not None


def test_a_token_is_for_what_its_scopes_say(shell: Shell) -> None:
    shell("token", "create", "feed robot")
    shell("token", "create", "help desk", "--scope", "readers", "--scope", "signups")
    tokens = shell("token", "list", "--json").json["tokens"]
    assert [one["scopes"] for one in tokens] == ["readers signups", "editions signups"]
    refused = shell("token", "create", "x", "--scope", "everything")
    assert refused.code == 2
    told = " ".join(refused.err.replace("│", "").split())  # a box, on narrow lines
    assert "Invalid value for '--scope': 'everything' is not one of 'editions'" in told
    assert "Value error" not in refused.err
