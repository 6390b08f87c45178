"""What an editor asks of the reader: where it may stand, what comes there, what is said of it."""

import email
from email import policy
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emails.composer import compose
from emails.composition import Composition
from emails.errors import CompositionError
from emails.mime import MailHeaders, build_skeleton
from emails.placeholders import MOST_PLACEHOLDERS, findings, without_reader
from emails.preflight import check
from emails.reader import Reader
from emails.slots import fill
from emails.web import render_web
from tests.emails.editions import ADDRESSES, BRAND, composed, issue

ADA = Reader("Ada Example", {"city": "Kiel"}, ["founder"])


def essay(body: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "essay", "body": body, **fields}


def parts(composition: Composition, reader: Reader) -> tuple[str, str, str]:
    """Subject, HTML and text of one reader."""
    values = composition.values("TOKEN", reader)
    whole = (composition.subject, composition.html, composition.text)
    subject, html, text = (fill(part, composition.slots, values) for part in whole)
    return subject, html, text


def codes(*sections: dict[str, Any], **fields: Any) -> list[tuple[str, str, str]]:
    return [(one.severity, one.code, one.field) for one in findings(issue(*sections, **fields))]


def test_placeholders_are_filled_in_subject_preheader_intro_and_body() -> None:
    made = composed(
        essay(
            "In **{{ reader.attributes.city | your city }}** it rains.",
            intro="Tagged {{reader.tags|nothing}}.",
        ),
        subject="For {{ reader.first_name | you }}",
        preheader="Dear {{ reader.name | reader }}",
    )
    subject, html, text = parts(made, ADA)
    assert subject == "For Ada"
    assert "Dear Ada Example" in html
    assert "In <strong>Kiel</strong> it rains." in html
    assert "Tagged founder." in html
    assert "In Kiel it rains." in text
    assert "Tagged founder." in text


def test_who_has_none_reads_the_fallback() -> None:
    made = composed(essay("Dear {{ reader.name | O'Reader & Co }}"), subject="{{reader.name|You}}!")
    subject, html, text = parts(made, Reader())
    assert subject == "You!"
    assert "Dear O&#x27;Reader &amp; Co" in html
    assert "Dear O'Reader & Co" in text


def test_a_placeholder_may_go_on_in_the_next_line() -> None:
    made = composed(essay("In {{ reader.attributes.city |\nyour city }} it rains."))
    assert "In Kiel it rains." in parts(made, ADA)[2]


def test_what_a_reader_typed_is_escaped_where_it_stands() -> None:
    made = composed(essay("Dear {{ reader.name | you }}"), subject="{{ reader.name | you }}")
    nasty = "<b>\"Eve\" & 'co'</b>"
    subject, html, text = parts(made, Reader(nasty))
    assert subject == nasty
    assert f"Dear {nasty}" in text
    assert "Dear &lt;b&gt;&quot;Eve&quot; &amp; &#x27;co&#x27;&lt;/b&gt;" in html
    assert "<b>" not in html


def test_what_a_reader_typed_is_no_markdown_and_no_placeholder() -> None:
    made = composed(essay("Dear {{ reader.name | you }}, {{ reader.attributes.city | x }}."))
    typed = "**[a](b)** {{ reader.attributes.city | gone }}"
    _, html, text = parts(made, Reader("Ada", {"city": typed}))
    assert f"Dear Ada, {typed}." in html
    assert f"Dear Ada, {typed}." in text


def test_the_words_beside_a_placeholder_are_set_as_ever() -> None:
    made = composed(essay('He said "{{ reader.name | you }}" and *{{ reader.name | you }}*.'))
    assert "“Ada Example” and <em>Ada Example</em>" in parts(made, ADA)[1]


def test_braces_behind_a_backslash_and_of_others_stay() -> None:
    made = composed(essay("Write \\{{ reader.name }}, ${{ secrets.KEY }} or {{ x }}."))
    assert not made.personal
    assert "Write {{ reader.name }}, ${{ secrets.KEY }} or {{ x }}." in made.text


def test_an_edition_without_placeholders_has_the_token_alone() -> None:
    made = composed()
    assert list(made.slots) == ["token"]
    assert made.values("T") == {"token": "T"}
    assert made.without_reader() is made


def test_without_a_reader_only_the_token_is_left_to_fill() -> None:
    made = composed(essay("Dear {{ reader.name | <you> }}"), subject="To {{ reader.name | you }}")
    nobody = made.without_reader()
    assert list(nobody.slots) == ["token"]
    assert nobody.subject == "To you"
    assert "Dear <you>" in nobody.text
    assert "Dear &lt;you&gt;" in nobody.html
    assert "Dear &lt;you&gt;" in nobody.mjml


def test_a_stored_composition_reads_back() -> None:
    made = composed(essay("Dear {{ reader.name | you }}"))
    again = Composition.from_json(made.to_json())
    assert (again, again.digest) == (made, made.digest)


def test_another_fallback_is_another_composition() -> None:
    one, other = (composed(essay(f"Dear {{{{ reader.name | {x} }}}}")) for x in ("you", "reader"))
    assert one.digest != other.digest


def test_the_web_shows_the_fallback() -> None:
    page = render_web(
        issue(essay("Dear **{{ reader.name | <you> }}**")), BRAND, addresses=ADDRESSES
    )
    assert "Dear <strong>&lt;you&gt;</strong>" in page


def test_a_title_made_of_the_subject_shows_the_fallback() -> None:
    assert without_reader("Good morning, {{ reader.name | all }}") == "Good morning, all"
    assert without_reader("Good morning {{ reader.name }}") == "Good morning"


def test_a_long_word_of_the_text_part_is_not_cut_within_a_slot() -> None:
    made = composed(essay("読" * 30 + "{{ reader.name | 読者 }}" + "む" * 50))
    text = parts(made, ADA)[2]
    assert "Ada Example" in text
    assert not any(word[:6] in text for word in made.slots.values())


@pytest.mark.parametrize(
    ("body", "severity", "code"),
    [
        ("{{ reader.nmae | you }}", "error", "bad-placeholder"),
        ("{{ reader.city | you }}", "error", "bad-placeholder"),
        ("{{ reader.attributes | you }}", "error", "bad-placeholder"),
        ("{{ reader.email | you }}", "error", "bad-placeholder"),
        ("{{ reader.name | you }", "error", "bad-placeholder"),
        ("{{ reader | you }}", "error", "bad-placeholder"),
        (f"{{{{ reader.name | {'x' * 101} }}}}", "error", "bad-placeholder"),
        ("{{ reader.name }}", "warning", "no-fallback"),
        ("{{ name | you }}", "warning", "looks-like-placeholder"),
        ("[x](https://a.example/?n={{ reader.name | a }})", "error", "misplaced-placeholder"),
        ("<https://a.example/{{ reader.name | a }}>", "error", "misplaced-placeholder"),
        ("[x]({{ reader.attributes.url | a }})", "error", "misplaced-placeholder"),
        ("![x](https://a.example/{{ reader.name | a }}.png)", "error", "misplaced-placeholder"),
        ("[x](mailto:a@b.example?subject={{ reader.name | a }})", "error", "misplaced-placeholder"),
    ],
)
def test_what_cannot_be_filled_is_told_with_its_field(body: str, severity: str, code: str) -> None:
    assert codes(essay(body)) == [(severity, code, "sections[0].body")]


@pytest.mark.parametrize(
    "body",
    [
        "{{ reader.name | you }}",
        "{{ reader.name | }}",
        "{{reader.attributes.Favourite colour|blue}}",
        "[a](https://a.example/) {{ reader.tags | none }}",
        "([a](https://a.example/)){{ reader.tags | none }}",
        "Nothing at all: {}, {{}}, ${{ x }}.",
    ],
)
def test_what_is_as_it_should_be_needs_no_words(body: str) -> None:
    assert codes(essay(body)) == []


def test_a_placeholder_elsewhere_is_an_error_and_names_its_field() -> None:
    item = {"title": "For {{ reader.name | you }}", "url": "https://a.example/"}
    assert codes(
        essay("x", heading="{{ reader.name | you }}"),
        {"kind": "links", "items": [item]},
        title="Dear {{ reader.name }}",
    ) == [
        ("error", "misplaced-placeholder", "title"),
        ("error", "misplaced-placeholder", "sections[0].heading"),
        ("error", "misplaced-placeholder", "sections[1].items[0].title"),
    ]


def test_more_placeholders_than_a_provider_takes_are_an_error() -> None:
    many = " ".join(f"{{{{ reader.attributes.a{n} | x }}}}" for n in range(MOST_PLACEHOLDERS + 1))
    assert codes(essay(many)) == [("error", "too-many-placeholders", "sections")]


def test_an_unknown_one_comes_with_what_was_probably_meant() -> None:
    said = [one.message for one in findings(issue(essay("{{ reader.nmae }} {{ reader.city }}")))]
    assert "did you mean name?" in said[0]
    assert "write reader.attributes.city" in said[1]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("attribute.city", "write reader.attributes.city for"),
        ("atributes.Loyalty Points", "write reader.attributes.Loyalty Points for"),
        ("attribute", "write reader.attributes.KEY for"),
        ("home.city", "write reader.attributes.home.city for"),
    ],
)
def test_a_slip_in_the_word_attributes_is_no_attribute_of_its_own(asked: str, meant: str) -> None:
    (said,) = findings(issue(essay(f"{{{{ reader.{asked} | x }}}}")))
    assert meant in said.message


def test_the_checks_see_the_fallbacks() -> None:
    whole = issue(
        essay("Dear {{ reader.name | you }}, see [it](https://a.example/)"),
        subject="Morning, {{ reader.name | you }}, here is all the news",
        title=None,
    )
    made = compose(whole, BRAND, addresses=ADDRESSES)
    assert check(made, issue=whole, brand=BRAND, addresses=ADDRESSES) == ()


@pytest.mark.parametrize(
    "body",
    [
        "[a](<https://a.example/a b{{ reader.name | x }}>)",
        "![a](<https://a.example/a b{{ reader.name | x }}>)",
        "[a](<mailto:a@b.example?subject=a b{{ reader.name | x }}>)",
    ],
)
def test_an_address_that_would_hold_a_value_after_all_is_refused(body: str) -> None:
    with pytest.raises(CompositionError, match="same for every reader"):
        composed(essay(body))


HEADERS = MailHeaders(sender="desk@news.example", date=0.0, message_id_domain="news.example")
PERSONAL = composed(essay("Dear {{ reader.name | you }}."), subject="To {{ reader.name | you }}!")
SKELETON = build_skeleton(PERSONAL, HEADERS)


@given(st.text(max_size=150) | st.text("\r\n\t <>&\"'=?.:Bcc@{}Q", max_size=150))
def test_whatever_somebody_is_called_the_mail_is_the_same_but_for_their_name(name: str) -> None:
    reader = Reader(name)
    values = {"to": "a@x.example", "message_id": "<1@news.example>"}
    octets = SKELETON.fill({**values, **PERSONAL.values("TOKEN", reader)})
    message = email.message_from_bytes(octets, policy=policy.default)
    shown = reader.value("name") or "you"
    assert message.keys() == [
        "From", "To", "Date", "Message-ID", "MIME-Version", "Subject", "Content-Type",
    ]  # fmt: skip
    assert message["Subject"] == f"To {shown}!"
    text, html = (part.get_content() for part in message.iter_parts())
    assert f"Dear {shown}." in text
    assert f"Dear {escape(shown)}." in html
    assert max(map(len, octets.split(b"\r\n"))) <= 76
