"""The scripted SMTP server of the providers' tests serves here too."""

from tests.newsletter.providers.conftest import smtp_server

__all__ = ["smtp_server"]
