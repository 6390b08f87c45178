"""Small mails about a subscription or the desk, composed by the same path as an edition.

    confirm   please confirm that you want this newsletter
    welcome   you are subscribed
    goodbye   you have left
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
from emails.languages import ENGLISH
from emails.mjml import clean, mjml_to_html, render_template
from emails.slots import mint_words
from emails.stylesheet import stylesheet
from emails.wording import direction

NoticeKind = Literal["confirm", "welcome", "goodbye", "invite", "reset", "alert"]


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


def compose_notice(kind: NoticeKind, brand: Brand, **fields: Any) -> Composition:
    """Compose the notice `kind`; each kind takes the keyword arguments of its function below.

    CompositionError for an unknown kind, and for a field that is missing or not the kind's own.
    """
    if kind not in NOTICES:
        raise CompositionError(f"there is no notice {kind!r}; the kinds are {get_args(NoticeKind)}")
    try:
        notice = NOTICES[kind](brand, **fields)
    except TypeError as error:
        raise CompositionError(f"the notice {kind!r} can't be composed: {error}") from error
    return _compose(notice, brand)


def confirm(brand: Brand, *, url: str) -> Notice:
    """Asks for the click that starts a subscription.

    It carries nothing that somebody typed into the form: else the form would send their words to
    any address in our name.
    """
    return Notice(
        subject=f"Please confirm: {brand.name}",
        heading="One click to subscribe",
        lines=[
            f"Somebody, probably you, asked for {brand.name} to be sent to this address.",
            "Please confirm that you want it.",
        ],
        button=("Confirm", url),
        small=[
            "If it wasn't you, do nothing: without your confirmation nothing more will be sent."
        ],
        footnote="You receive this mail because this address was entered in our sign-up form.",
    )


def welcome(brand: Brand, *, preferences: str, unsubscribe: str) -> Notice:
    return Notice(
        subject=f"Welcome to {brand.name}",
        heading="You are subscribed",
        lines=[
            f"Thank you. The next edition of {brand.name} will come to this address.",
            "You can choose topics, pause, or refuse tracking whenever you like.",
        ],
        button=("Preferences", preferences),
        links=[("Unsubscribe", unsubscribe)],
        footnote=f"You receive this mail because you subscribed to {brand.name}.",
    )


def goodbye(brand: Brand, *, url: str) -> Notice:
    return Notice(
        subject=f"You have left {brand.name}",
        heading="You are unsubscribed",
        lines=[f"{brand.name} won't be sent to this address any more."],
        button=("Undo", url),
        small=["If you meant it, there is nothing more to do."],
        footnote="You receive this one last mail to confirm that you have unsubscribed.",
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


NOTICES: Mapping[str, Callable[..., Notice]] = {
    "confirm": confirm,
    "welcome": welcome,
    "goodbye": goodbye,
    "invite": invite,
    "reset": reset,
    "alert": alert,
}


def _compose(notice: Notice, brand: Brand) -> Composition:
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
        "language": "en",
        "words": ENGLISH,
        "own": "",
        "direction": direction("en"),
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
