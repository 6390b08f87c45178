"""The SendGrid provider: its v3 API through the `sendgrid` package, a request a window."""

import http.client
import logging
import urllib.error
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import orjson
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from newsletter.loopback import is_loopback_host
from newsletter.providers.base import Mailing, Outcome
from newsletter.providers.errors import (
    AuthenticationRefused,
    ProviderMisconfigured,
    ProviderUnreachable,
)
from newsletter.providers.sendgrid_answers import KEY_REFUSED, accepted, answered, key_refused
from newsletter.providers.sendgrid_request import MOST_PERSONALIZATIONS, mail_send

GLOBAL_HOST = "https://api.sendgrid.com"
EU_HOST = "https://api.eu.sendgrid.com"
SEND_SCOPE = "mail.send"
JSON_TEXT = "application/json; charset=utf-8"
"""Any other type than `application/json` has the package send what it is given, encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendGridOptions:
    """`host` is a base URL, or "eu" for the EU's; `timeout` is in seconds.

    With `sandbox` SendGrid checks and accepts everything and delivers nothing.
    """

    api_key: str = field(repr=False)
    host: str = GLOBAL_HOST
    concurrency: int = 4
    sandbox: bool = False
    timeout: float = 24.0


class SendGridProvider:
    """Hands windows to SendGrid, `in_flight` requests at once."""

    name = "sendgrid"
    window = MOST_PERSONALIZATIONS
    tells_later = True

    def __init__(self, options: SendGridOptions) -> None:
        host = _checked_host(options)
        self.in_flight = options.concurrency
        self.timeout = options.timeout
        self.loopback = is_loopback_host(urlsplit(host).hostname)
        self._sandbox = options.sandbox
        self._api = SendGridAPIClient(api_key=options.api_key, host=host)
        self._api.client.request_headers["Content-Type"] = JSON_TEXT
        self._api.client.timeout = options.timeout  # the package's default is to wait for ever
        self._senders = ThreadPoolExecutor(options.concurrency, thread_name_prefix="sendgrid")
        _keep_secrets_out_of_logs()

    def submit(self, mailing: Mailing) -> Future[Sequence[Outcome]]:
        if len(mailing.recipients) > self.window:
            raise ValueError(f"SendGrid takes {self.window} recipients a request.")
        return self._senders.submit(self._send, mailing)

    def check(self) -> None:
        try:
            scopes = self._api.client.scopes.get().to_dict["scopes"]
        except HTTPError as error:
            if error.status_code in KEY_REFUSED:
                raise key_refused(error.status_code, str(error.reason)) from error
            raise ProviderUnreachable(
                f"SendGrid answers {error.status_code}; try later."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise ProviderUnreachable(_out_of_reach(error)) from error
        if SEND_SCOPE not in scopes:
            raise AuthenticationRefused(
                f"The SendGrid key lacks the permission {SEND_SCOPE}: give it Mail Send access."
            )

    def close(self) -> None:
        self._senders.shutdown()

    def _send(self, mailing: Mailing) -> Sequence[Outcome]:
        recipients = len(mailing.recipients)
        if not recipients:
            return []
        body = Body(orjson.dumps(mail_send(mailing, sandbox=self._sandbox)))
        if not mailing.may_begin():
            return [
                Outcome.later("not-begun", "The lease had ended.", provider_wide=True)
            ] * recipients
        return self._post(body, recipients)

    def _post(self, body: "Body", recipients: int) -> Sequence[Outcome]:
        try:
            response = self._api.client.mail.send.post(request_body=body)
        except HTTPError as error:
            return answered(error.status_code, error.headers or {}, error.body, recipients)
        except urllib.error.URLError as error:
            # urllib wraps so only what fails before the request is written to its end.
            outcome = Outcome.later("unreachable", _out_of_reach(error), provider_wide=True)
            return [outcome] * recipients
        except TimeoutError:
            words = f"No answer within {self.timeout:g} s."
            return [Outcome.unsure("timeout", words)] * recipients
        except (OSError, http.client.HTTPException) as error:
            return [Outcome.unsure("cut", _reason(error))] * recipients
        return accepted(response.status_code, response.headers, recipients)


class Body(bytes):
    """A request's body in JSON, encoded already: by a faster encoder than the package's.

    The package writes the body out for its log before each request, whatever the log's level; of a
    thousand readers that takes longer than all the rest of the request.
    """

    __slots__ = ()

    def encode(self, _encoding: str) -> Self:
        return self

    def __format__(self, _spec: str) -> str:
        return f"{len(self)} bytes"


def _checked_host(options: SendGridOptions) -> str:
    """The base URL without its final slash. Raises ProviderMisconfigured."""
    host = (EU_HOST if options.host == "eu" else options.host).rstrip("/")
    parts = urlsplit(host)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and is_loopback_host(parts.hostname)
    ):
        raise ProviderMisconfigured(
            "NEWSLETTER_SENDGRID_HOST must begin with https://: the key would cross the network "
            "in the clear."
        )
    if not options.api_key.isascii() or not options.api_key.strip().isprintable():
        raise ProviderMisconfigured("NEWSLETTER_SENDGRID_API_KEY holds characters no key has.")
    if not options.api_key:
        raise ProviderMisconfigured("NEWSLETTER_SENDGRID_API_KEY is not set.")
    return host


def _out_of_reach(error: BaseException) -> str:
    return (
        f"SendGrid can't be reached: {_reason(error)}. "
        "Check NEWSLETTER_SENDGRID_HOST and the network."
    )


def _reason(error: BaseException) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(reason) or type(reason).__name__


def _is_no_debug_record(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


def _keep_secrets_out_of_logs() -> None:
    """At DEBUG the package logs the key and every address, whatever level the log is set to."""
    logging.getLogger("python_http_client.client").addFilter(_is_no_debug_record)
