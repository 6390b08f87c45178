"""Providers are opened by name, also those that another package brings."""

from pathlib import Path

import pytest

from newsletter.providers.base import UnknownProvider
from newsletter.providers.registry import ProviderOptions, open_provider, provider_names


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with the entry point `pigeon`."""
    (tmp_path / "pigeon_post.py").write_text("def open_loft(options):\n    return options\n")
    metadata = tmp_path / "pigeon_post-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon-post\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[newsletter.providers]\npigeon = pigeon_post:open_loft\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("package")
def test_a_provider_of_another_package_is_opened_by_its_entry_point() -> None:
    options = ProviderOptions(mail_folder=Path("loft"))
    assert "pigeon" in provider_names()
    assert open_provider("pigeon", options) is options  # type: ignore[comparison-overlap]


def test_the_built_in_ones_come_first() -> None:
    assert provider_names()[:3] == ["folder", "smtp", "sendgrid"]


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(UnknownProvider, match="folder, smtp, sendgrid"):
        open_provider("pigeon", ProviderOptions())


def test_secrets_in_the_options_are_not_shown() -> None:
    options = ProviderOptions(smtp_url="smtps://ada:hush@mail.example", sendgrid_api_key="hush")
    assert "hush" not in repr(options)
