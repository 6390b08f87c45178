"""Random compositions, headers and readers: each message byte-exact to the standard library's parser.

A few hundred in `make test`, 20,000 in `make soak`.
"""

import re
import string
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emails.composition import Composition
from emails.mime import MailHeaders, Skeleton, build_skeleton
from emails.slots import mint_words

SLOTS = ("token", "name")
Piece = str | tuple[str]
"""A constant, or the name of a slot."""


@dataclass(frozen=True)
class Case:
    """A composition in pieces, and what one reader's message is made with."""

    subject: list[Piece]
    text: list[Piece]
    html: list[Piece]
    headers: MailHeaders
    values: dict[str, str]

    def skeleton(self) -> Skeleton:
        constants = "\0".join(
            piece
            for pieces in (self.subject, self.text, self.html)
            for piece in constants_of(pieces)
        )
        words = mint_words(SLOTS, constants)
        return build_skeleton(
            Composition(
                subject=written(self.subject, words),
                preheader="",
                mjml="",
                html=written(self.html, words),
                text=written(self.text, words),
                slots=words,
            ),
            self.headers,
        )


def constants_of(pieces: list[Piece]) -> list[str]:
    return [piece for piece in pieces if isinstance(piece, str)]


def written(pieces: list[Piece], values: dict[str, str]) -> str:
    return "".join(piece if isinstance(piece, str) else values[piece[0]] for piece in pieces)


# --- Strategies

# Whatever UTF-8 can hold, so no lone surrogates; on one line no control and no separator either.
anything = st.text(st.characters(exclude_categories=["Cs"]))
one_line = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=60)
awkward = st.sampled_from(
    [
        *("=", ".", "..", " ", "\t", "\n", "\r\n", "\r", "\x00", "\u2028", "👍", "--", "\n--=_"),
        *("x" * 75, "x" * 76, "=" * 40, "é" * 40, "From ", "\n.\n", "." * 200, "trailing \n"),
    ]
)
slots = st.sampled_from([(name,) for name in SLOTS])
bodies = st.lists(anything | awkward | slots, max_size=10)
tokens = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=120)
words = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20)
addresses = st.builds("{}@{}.example".format, words, words)
names = st.sampled_from(["Ada", "Ünal, Zoë", 'The "Daily"', "日本語" * 12, "a" * 60])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    headers = MailHeaders(
        sender=f"{draw(names)} <{draw(addresses)}>",
        date=draw(st.integers(0, 4_000_000_000)),
        message_id_domain="newsletter.example",
        reply_to=draw(st.none() | addresses),
        list_unsubscribe=draw(st.sampled_from([None, "https://newsletter.example/u/{token}"])),
        list_unsubscribe_mailto=draw(st.none() | st.just("leave+{token}@newsletter.example")),
    )
    subject = draw(st.lists(one_line | slots, max_size=5))
    in_headers = (
        headers.list_unsubscribe or headers.list_unsubscribe_mailto or ("token",) in subject
    )
    return Case(
        subject=subject,
        text=draw(bodies),
        html=draw(bodies),
        headers=headers,
        values={
            "token": draw(tokens if in_headers else anything),
            "name": draw(one_line if ("name",) in subject else anything | awkward),
            "to": draw(addresses | st.builds("{} <{}>".format, names, addresses)),
            "message_id": headers.message_id(draw(words)),
        },
    )


# --- What must come out


def check(case: Case) -> None:
    raw = case.skeleton().fill(case.values)
    _check_lines(raw)
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    _check_headers(message, case)
    plain, html = message.iter_parts()
    for part, pieces in ((plain, case.text), (html, case.html)):
        assert part.get_payload(decode=True) == expected_body(pieces, case.values)


def _check_lines(raw: bytes) -> None:
    """RFC 5322 §2.1.1 and RFC 2045 §6.7: short ASCII lines, ended by CRLF; no dot to be stuffed."""
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    lines = body.split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert not any(line.startswith(b".") or b"\r" in line or b"\n" in line for line in lines)


def _check_headers(message: EmailMessage, case: Case) -> None:
    token = case.values["token"]
    assert message["Message-ID"] == case.values["message_id"]
    assert message["To"].addresses[0].addr_spec in case.values["to"]
    assert message["Subject"].strip() == written(case.subject, case.values).strip()
    assert message["Reply-To"] == case.headers.reply_to
    targets = [
        *(["<https://newsletter.example/u/" + token] if case.headers.list_unsubscribe else []),
        *(["<mailto:leave+" + token] if case.headers.list_unsubscribe_mailto else []),
    ]
    unsubscribe = re.sub(r"\s", "", message["List-Unsubscribe"] or "")
    assert all(target in unsubscribe for target in targets)
    assert bool(unsubscribe) == bool(targets)


def expected_body(pieces: list[Piece], values: dict[str, str]) -> bytes:
    """Every line break a CRLF; a CR that ends one run and an LF that begins the next are two."""
    runs = [""]
    for piece in pieces:
        if isinstance(piece, str):
            runs[-1] += piece
        else:
            runs += [values[piece[0]], ""]
    return "".join(re.sub(r"\r\n|\r|\n", "\r\n", run) for run in runs).encode("utf-8")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_a_random_message_is_byte_exact_to_the_standard_library(case: Case) -> None:
    check(case)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_twenty_thousand_random_messages_are_byte_exact(case: Case) -> None:
    check(case)
