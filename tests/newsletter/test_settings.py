"""Settings: the environment wins over the file, and what is wrong is named."""

from pathlib import Path

import pytest

from newsletter.dispatch.pacing import FURTHEST, notices_rate
from newsletter.errors import ConfigurationError
from newsletter.settings import SLOWEST_RATE, load_settings

WHO = "[publication]\nslug = 'x'\nname = 'X'\n"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "PROVIDER", "CONFIG", "SECRET_KEY"):
        monkeypatch.delenv(f"NEWSLETTER_{name}", raising=False)


def write(folder: Path, text: str) -> Path:
    path = folder / "newsletter.toml"
    path.write_text(text, "utf-8")
    return path


def test_without_anything_it_is_sqlite_and_a_folder_of_mails(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "newsletter.toml")
    assert settings.database_url == f"sqlite:///{tmp_path}/newsletter.sqlite3"
    assert settings.provider == "folder"
    assert settings.mail_folder == tmp_path / "mail"
    assert settings.secret_flaw == "is the default"


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, 'provider = "smtp"\nsend_rate = 5\n')
    monkeypatch.setenv("NEWSLETTER_PROVIDER", "sendgrid")
    settings = load_settings(path)
    assert settings.provider == "sendgrid"
    assert settings.send_rate == 5


def test_paths_are_those_of_the_file_whatever_directory_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, 'database_url = "sqlite:///data/x.sqlite3"\nmail_folder = "out"\n')
    monkeypatch.chdir("/")
    settings = load_settings(path)
    assert settings.database_url == f"sqlite:///{tmp_path}/data/x.sqlite3"
    assert settings.mail_folder == tmp_path / "out"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("provider = ", "not TOML"),
        ("proivder = 'smtp'", "unknown setting proivder"),
        ("batch_size = 0", "batch_size"),
        ("send_rate = 0.009", "send_rate: 0.009 messages a second are too few"),
        ("send_rate = 0.009", "set 0.01 or more, or 0 for no limit"),
        ("lane_rates = {gmail = 0.009}", "lane_rates.gmail: 0.009"),
        ("[publication]\nslug = 'No Good'\nname = 'X'\nsender = 'x@y.example'", "publication.slug"),
        ("[publication]\nslug = 'x'", "publication.sender"),
        (f"{WHO}sender = 'Muster Verlag'", "publication.sender"),
        (f"{WHO}sender = 'Muster <news@müster.example>'", "punycode"),
        (f"{WHO}sender = 'x@y.example'\nreply_to = 'nobody'", "publication.reply_to"),
        (f"{WHO}sender = 'x@y.example'\ntime_zone = 'Europe/Berln'", "like Europe/Berlin"),
        (f"{WHO}sender = 'x@y.example'\ntime_zone = 'Europe'", "publication.time_zone"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=r"newsletter\.toml") as caught:
        load_settings(write(tmp_path, text))
    assert words in str(caught.value)


def test_the_slowest_rate_is_one_that_can_be_kept_to_for_notices_too(tmp_path: Path) -> None:
    slowest = load_settings(write(tmp_path, f"send_rate = {SLOWEST_RATE}"))
    assert 1 / notices_rate(slowest) < FURTHEST


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://news.example.org", True),
        ("http://news.example.org", False),
        ("https://localhost", False),
        ("https://127.0.0.1:8000", False),
        ("https://[::1]/", False),
        ("https://", False),
        ("news.example.org", False),
    ],
)
def test_only_public_https_will_do_for_readers(
    url: str, *, public: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEWSLETTER_BASE_URL", url)
    assert load_settings(tmp_path / "none.toml").has_public_base_url is public


def test_no_secret_shows_when_settings_are_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", "hush-hush")
    monkeypatch.setenv("NEWSLETTER_SENDGRID_API_KEY", "SG.hush")
    monkeypatch.setenv("NEWSLETTER_SMTP_URL", "smtp://ada:hush@mail.example")
    assert "hush" not in repr(load_settings(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("secret", "flaw"),
    [
        ("", "has 0 characters of at least 16"),
        ("fifteen letters", "has 15 characters of at least 16"),
        ("sixteen letters!", ""),
    ],
)
def test_a_secret_that_can_be_guessed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, flaw: str
) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", secret)
    assert load_settings(tmp_path / "none.toml").secret_flaw == flaw


@pytest.mark.parametrize("name", ["LANE_RATES", "SIGNUP_REFUSED_DOMAINS"])
def test_a_list_or_table_in_the_environment_that_is_no_json_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"NEWSLETTER_{name}", "gmail=20")
    with pytest.raises(ConfigurationError, match=rf"NEWSLETTER_{name} is a list .* as JSON"):
        load_settings(tmp_path / "none.toml")
