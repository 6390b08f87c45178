"""Getting a connection: the URL, TLS and the login, against a real server."""

import datetime as dt
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from newsletter.providers.base import (
    AuthenticationRefused,
    OutcomeKind,
    ProviderMisconfigured,
    ProviderUnreachable,
)
from newsletter.providers.smtp import SmtpOptions, SmtpProvider
from newsletter.providers.smtp_server import SmtpServer


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 25, "offered", None, None)),
        ("smtp://mail.example:2525", ("mail.example", 2525, "offered", None, None)),
        ("smtps://mail.example", ("mail.example", 465, "implicit", None, None)),
        ("smtp://ada:x@mail.example", ("mail.example", 587, "required", "ada", "x")),
        ("smtps://a%40b:p%3A%2Fq@mail.example", ("mail.example", 465, "implicit", "a@b", "p:/q")),
        ("smtp://mail.example?starttls=never", ("mail.example", 25, "never", None, None)),
        ("smtp://[::1]:2525?starttls=required", ("::1", 2525, "required", None, None)),
        ("smtp://ada:x@127.0.0.1", ("127.0.0.1", 587, "offered", "ada", "x")),
    ],
)
def test_a_url_says_where_and_how(url: str, expected: tuple[Any, ...]) -> None:
    server = SmtpServer.from_url(url)
    found = (server.host, server.port, server.tls, server.username, server.password)
    assert found == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:port",
        "smtp://mail.example?starttls=maybe",
        "smtp://mail.example?tls=yes",
        "smtp://ada:hush@mail.example?starttls=never",
        "smtp://ada:hush@mail.example?starttls=offered",
        "smtp://ada:hush@127.0.0.1.far.example?starttls=never",
    ],
)
def test_a_url_that_cannot_be_right_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ProviderMisconfigured, match="NEWSLETTER_SMTP_URL") as refused:
        SmtpServer.from_url(url)
    assert "hush" not in str(refused.value)


def test_a_password_is_not_shown() -> None:
    assert "hush" not in repr(SmtpServer.from_url("smtps://ada:hush@mail.example"))


def test_a_missing_authority_file_is_told() -> None:
    server = SmtpServer.from_url("smtps://mail.example?ca_file=/nowhere.pem")
    with pytest.raises(ProviderMisconfigured, match=r"nowhere\.pem"):
        server.tls_context()


@dataclass(frozen=True)
class Certificate:
    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Its own authority, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return Certificate(file, context)


class Collector:
    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append((session.ssl is not None, session.authenticated))
        return "250 2.0.0 queued"


def authenticator(
    server: SMTP, session: Any, envelope: Any, mechanism: str, auth_data: Any
) -> AuthResult:
    right = auth_data == LoginPassword(b"ada", b"open@sesame")
    return AuthResult(success=right, handled=False)


class TlsController(Controller):
    """Implicit TLS, where `implicit` is a context."""

    def __init__(self, handler: Any, *, implicit: ssl.SSLContext | None, **options: Any) -> None:
        super().__init__(handler, hostname="127.0.0.1", ssl_context=implicit, **options)


@dataclass(frozen=True)
class Running:
    address: str
    collector: Collector


Serve = Callable[..., Running]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def serve(implicit: ssl.SSLContext | None = None, **options: Any) -> Running:
            collector = Collector()
            controller = TlsController(collector, implicit=implicit, port=_free_port(), **options)
            controller.start()
            stack.callback(controller.stop)
            return Running(f"127.0.0.1:{controller.port}", collector)

        yield serve


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def provider(url: str) -> "closing[SmtpProvider]":
    server = SmtpServer.from_url(url)
    return closing(SmtpProvider(SmtpOptions(server=server, connections=2, timeout=10.0)))


def test_starttls_and_login_protect_the_message(
    serve: Serve, certificate: Certificate, mailing: Any
) -> None:
    running = serve(
        tls_context=certificate.context,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticator,
    )
    query = f"starttls=required&ca_file={certificate.file}"
    with provider(f"smtp://ada:open%40sesame@{running.address}?{query}") as smtp:
        smtp.check()
        outcomes = smtp.submit(mailing(5)).result(30)
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    assert running.collector.messages == [(True, True)] * 5


def test_implicit_tls_protects_from_the_first_byte(
    serve: Serve, certificate: Certificate, mailing: Any
) -> None:
    running = serve(certificate.context)
    with provider(f"smtps://{running.address}?ca_file={certificate.file}") as smtp:
        outcomes = smtp.submit(mailing(3)).result(30)
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    assert len(running.collector.messages) == 3  # by a server that speaks nothing but TLS


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_of_an_unknown_authority_is_not_trusted(
    serve: Serve, certificate: Certificate, mailing: Any, scheme: str
) -> None:
    running = (
        serve(certificate.context) if scheme == "smtps" else serve(tls_context=certificate.context)
    )
    with provider(f"{scheme}://{running.address}") as smtp:
        with pytest.raises(ProviderUnreachable, match="certificate"):
            smtp.check()
        outcomes = smtp.submit(mailing(1)).result(30)
    assert outcomes[0].kind is OutcomeKind.LATER
    assert running.collector.messages == []


def test_starttls_that_is_required_and_not_offered_sends_nothing(
    serve: Serve, mailing: Any
) -> None:
    running = serve()
    with provider(f"smtp://{running.address}?starttls=required") as smtp:
        with pytest.raises(ProviderUnreachable):
            smtp.check()
        assert smtp.submit(mailing(1)).result(30)[0].kind is OutcomeKind.LATER
    assert running.collector.messages == []


def test_a_wrong_password_is_raised(serve: Serve, certificate: Certificate, mailing: Any) -> None:
    running = serve(
        tls_context=certificate.context, auth_required=True, authenticator=authenticator
    )
    url = f"smtp://ada:wrong@{running.address}?ca_file={certificate.file}"
    with provider(url) as smtp, pytest.raises(AuthenticationRefused, match="user and password"):
        smtp.submit(mailing(2)).result(30)


def test_a_server_that_wants_a_login_that_we_have_not_is_raised(
    serve: Serve, certificate: Certificate, mailing: Any
) -> None:
    running = serve(
        tls_context=certificate.context, auth_required=True, authenticator=authenticator
    )
    url = f"smtp://{running.address}?ca_file={certificate.file}"
    with provider(url) as smtp, pytest.raises(AuthenticationRefused, match="wants us to log in"):
        smtp.submit(mailing(2)).result(30)
