"""Providers are opened by name, also those that another package brings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.providers.base import UnknownProvider
from newsletter.providers.registry import ProviderOptions, open_provider, provider_names
from tests.packages import installed_provider


@pytest.fixture
def package(tmp_path: Path) -> Iterator[None]:
    """An installed package with the entry point `pigeon`."""
    code = "def open_loft(options):\n    return options\n"
    with installed_provider(tmp_path / "site", "pigeon", code=code, opener="open_loft"):
        yield


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
