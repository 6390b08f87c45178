"""Small mails about a subscription or the desk, composed by the same path as an edition.

    confirm   please confirm that you want this newsletter
    welcome   you are subscribed
    goodbye   you have left
    preferences  a link to your preferences
    copy      a link to a copy of all that is kept about you
    erasure   a link to erase all that is kept about you
    invite    an editor invites a colleague to the desk
    reset     a link to set a new password
    alert     something needs the editors' eyes

A link may hold "{token}", which becomes the composition's slot, or be complete.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from markupsafe import Markup

from emails.addresses import TOKEN
from emails.brand import Brand
from emails.composition import Composition
from emails.errors import CompositionError
from emails.inlining import inline
from emails.mjml import clean, mjml_to_html, render_template
from emails.notice_texts import NOTICE_TEXTS, Texts
from emails.slots import mint_words
from emails.stylesheet import stylesheet
from emails.wording import direction, words_for

NoticeKind = Literal[
    "confirm",
    "welcome",
    "goodbye",
    "preferences",
    "copy",
    "erasure",
    "invite",
    "reset",
    "alert",
]

DESK = "en"
"""The language of whoever has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a notice says. `button` is a label and an address; `small` stands under it."""

    subject: str
    heading: str
    lines: Sequence[str]
    button: tuple[str, str] | None = None
    small: Sequence[str] = ()
    links: Sequence[tuple[str, str]] = ()
    footnote: str = ""


def compose_notice(
    kind: NoticeKind, brand: Brand, *, language: str = DESK, **fields: Any
) -> Composition:
    """Compose the notice `kind`; each kind takes the keyword arguments of its function below.

    `language` is a reader's, as a tag such as pt-BR; one that we have no words in gets English.
    CompositionError for an unknown kind, and for a field that is missing or not the kind's own.
    """
    if kind not in get_args(NoticeKind):
        raise CompositionError(f"there is no notice {kind!r}; the kinds are {get_args(NoticeKind)}")
    spoken = _spoken(kind, language)
    try:
        if kind in TO_READERS:
            notice = TO_READERS[kind](NOTICE_TEXTS[spoken][kind], brand, **fields)
        else:
            notice = TO_EDITORS[kind](brand, **fields)
    except TypeError as error:
        raise CompositionError(f"the notice {kind!r} can't be composed: {error}") from error
    return _compose(notice, brand, spoken)


def _spoken(kind: str, language: str) -> str:
    """The language that a notice is written in: the reader's, where we have words in it."""
    primary = language.split("-", maxsplit=1)[0].lower()
    return primary if kind in TO_READERS and primary in NOTICE_TEXTS else DESK


def confirm(texts: Texts, brand: Brand, *, url: str) -> Notice:
    """Asks for the click that starts a subscription.

    It carries nothing that somebody typed into the form: else the form would send their words to
    any address in our name.
    """
    return _to_reader(texts, brand, url)


def welcome(texts: Texts, brand: Brand, *, preferences: str, unsubscribe: str) -> Notice:
    return _to_reader(texts, brand, preferences, unsubscribe)


def with_one_link(texts: Texts, brand: Brand, *, url: str) -> Notice:
    return _to_reader(texts, brand, url)


def _to_reader(texts: Texts, brand: Brand, url: str, second: str = "") -> Notice:
    """A notice in the reader's words; `second` is where its second link leads."""

    def named(text: str) -> str:
        return text.format(name=brand.name)

    return Notice(
        subject=named(texts.subject),
        heading=named(texts.heading),
        lines=[named(line) for line in texts.lines],
        button=(named(texts.button), url),
        small=[named(line) for line in texts.small],
        links=[(named(texts.link), second)] if second else [],
        footnote=named(texts.footnote),
    )


def invite(brand: Brand, *, url: str, invited_by: str) -> Notice:
    """`invited_by` is the name of a signed-in editor."""
    return Notice(
        subject=f"Join the desk of {brand.name}",
        heading="You are invited",
        lines=[f"{invited_by} invites you to edit {brand.name}."],
        button=("Accept", url),
        small=["The link works once. If you don't know what this is about, ignore this mail."],
    )


def reset(brand: Brand, *, url: str) -> Notice:
    return Notice(
        subject=f"Set a new password for {brand.name}",
        heading="A new password",
        lines=["Somebody, probably you, asked to set a new password for this address."],
        button=("Set a new password", url),
        small=["The link works once. If it wasn't you, ignore this mail: nothing has changed."],
    )


def alert(brand: Brand, *, heading: str, lines: Sequence[str], url: str | None = None) -> Notice:
    """`lines` are plain text, a paragraph each; `url` is where to act."""
    return Notice(
        subject=f"{brand.name}: {heading}",
        heading=heading,
        lines=lines,
        button=("Open the desk", url) if url else None,
    )


TO_READERS: Mapping[str, Callable[..., Notice]] = {
    "confirm": confirm,
    "welcome": welcome,
    "goodbye": with_one_link,
    "preferences": with_one_link,
    "copy": with_one_link,
    "erasure": with_one_link,
}
"""In the reader's language."""
TO_EDITORS: Mapping[str, Callable[..., Notice]] = {
    "invite": invite,
    "reset": reset,
    "alert": alert,
}
"""In English, as the desk is."""


def _compose(notice: Notice, brand: Brand, language: str) -> Composition:
    words = mint_words(["token"], f"{notice!r}{brand.model_dump_json()}")
    slots = words if TOKEN in repr((notice.button, notice.links)) else {}
    subject = clean(" ".join(notice.subject.split()))
    preheader = clean(notice.lines[0] if notice.lines else notice.heading)
    context = {
        "notice": notice,
        "button": notice.button and (notice.button[0], _placed(notice.button[1], words)),
        "links": [(label, _placed(url, words)) for label, url in notice.links],
        "subject": subject,
        "preheader": preheader,
        "brand": brand,
        "language": language,
        "words": words_for(language),
        "own": "",
        "direction": direction(language),
        "footnote": notice.footnote,
        "head_css": Markup(stylesheet(brand).head),  # noqa: S704 - our own stylesheet
        "light": brand.colours.light,
        "fonts": brand.fonts,
    }
    mjml = render_template("notices/notice.mjml.j2", context)
    html = inline(mjml_to_html(mjml), stylesheet(brand).inlined)
    text = render_template("notices/notice.txt.j2", context)
    return Composition(
        subject=subject,
        preheader=preheader,
        mjml=mjml,
        html=html,
        text=text,
        slots=slots,
    )


def _placed(url: str, words: Mapping[str, str]) -> str:
    return url.replace(TOKEN, words["token"])
