"""Placeholders: where an editor's text asks for something of the reader.

`{{ reader.name | there }}`: the reader's name, or "there" for one who gave none. They are read in
the subject, the preheader and every section's intro and body. Before anything is rendered, slot
words take their places (`emails.slots`), so that Markdown and MJML meet plain words and a
reader's value is never read as either.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from emails.composition import Finding, PersonalSlot, Severity
from emails.issue import Issue, Section
from emails.places import field_path, texts
from emails.sections.parts import BEGINS_PLACEHOLDER, LINKS_ARE_FOR_ALL

MOST_PLACEHOLDERS = 10
"""Different ones in an edition: SendGrid takes 10,000 octets of values for a reader."""

EDITION_FIELDS, SECTION_FIELDS = ("subject", "preheader"), ("intro", "body")
"""Where placeholders may stand."""

EXAMPLE = "{{ reader.name | there }}"

_FIELDS = ("name", "first_name", "tags")

# A backslash before the braces, and they stand for themselves. Bounds keep the search linear.
_WRITTEN = re.compile(r"(?<!\\)\{\{\s{0,9}reader\.([^{}|]{1,100})(?:\|([^{}]{0,100}))?\}\}")
_LIKE_ONE = re.compile(r"(?<![\\$])\{\{\s{0,9}(?!reader\b)[A-Za-z_][\w.]{0,60}[^{}\n]{0,99}\}\}")
_IN_A_LINK = re.compile(r"(?:https?://|mailto:)[^\s)>\]]*\Z|\]\(\s?<?\Z")
_LONGEST_LINK = 4_200
"""Characters that are looked back over for a link's beginning."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What is asked for, such as "attributes.city", and what stands there for who has none.

    `fallback` is None where the editor gave none, "" where nothing was meant.
    """

    asked: str
    fallback: str | None

    @property
    def is_known(self) -> bool:
        """Whether a reader can have such a thing."""
        field, _, key = self.asked.partition(".")
        return bool(key) if field == "attributes" else self.asked in _FIELDS


@dataclass(frozen=True, slots=True)
class Asked:
    """A placeholder of an issue and its slots: one for subject and text part, one for HTML."""

    placeholder: Placeholder
    in_text: PersonalSlot
    in_markup: PersonalSlot


def asked_of(issue: Issue) -> tuple[Asked, ...]:
    """What a mail of `issue` asks of its reader, each once, in order."""
    found = dict.fromkeys(
        placeholder for _, text in _personal_texts(issue) for _, placeholder in _fillable(text)
    )
    return tuple(
        Asked(one, _slot(at, one, in_markup=False), _slot(at, one, in_markup=True))
        for at, one in enumerate(found)
    )


def _slot(at: int, placeholder: Placeholder, *, in_markup: bool) -> PersonalSlot:
    name = f"reader-{at}{'-html' if in_markup else ''}"
    return PersonalSlot(name, placeholder.asked, placeholder.fallback or "", in_markup)


def with_words(issue: Issue, words: Mapping[Placeholder, str]) -> Issue:
    """`issue` with each placeholder's word in its place."""
    if not words:
        return issue
    put = partial(_replace, word_of=words.__getitem__)
    sections = tuple(
        section.model_copy(update=_changed(section, SECTION_FIELDS, put))
        for section in issue.sections
    )
    return issue.model_copy(update={**_changed(issue, EDITION_FIELDS, put), "sections": sections})


def without_reader(text: str) -> str:
    """A line such as a subject as those see it whom nobody knows: with its fallbacks."""
    return " ".join(_replace(text, word_of=lambda one: one.fallback or "").split())


def _changed(
    part: Issue | Section, names: tuple[str, ...], put: Callable[[str], str]
) -> dict[str, str]:
    """The fields of `part` among `names` that have text, changed."""
    return {name: put(text) for name in names if (text := getattr(part, name, None))}


def _replace(text: str, *, word_of: Callable[[Placeholder], str]) -> str:
    pieces, end = [], 0
    for match, placeholder in _fillable(text):
        pieces += [text[end : match.start()], word_of(placeholder)]
        end = match.end()
    return "".join([*pieces, text[end:]])


def _fillable(text: str) -> Iterator[tuple[re.Match[str], Placeholder]]:
    """What can be filled; whatever else looks like it stays, and `findings` names it."""
    for match in _WRITTEN.finditer(text):
        placeholder = _placeholder(match)
        if placeholder.is_known and not _is_in_link(text, match):
            yield match, placeholder


def _placeholder(match: re.Match[str]) -> Placeholder:
    asked, fallback = match.groups()
    words = None if fallback is None else " ".join(fallback.split())
    return Placeholder(" ".join(asked.split()), words)


def _is_in_link(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - _LONGEST_LINK) : match.start()]
    return bool(_IN_A_LINK.search(before))


def _personal_texts(issue: Issue) -> Iterator[tuple[str, str]]:
    """The texts that placeholders may stand in, each with its field."""
    parts: list[tuple[Issue | Section, str, tuple[str, ...]]] = [(issue, "", EDITION_FIELDS)]
    parts += [(one, f"sections[{at}].", SECTION_FIELDS) for at, one in enumerate(issue.sections)]
    for part, where, names in parts:
        for name in names:
            if text := getattr(part, name, None):
                yield f"{where}{name}", text


def findings(issue: Issue) -> Iterator[Finding]:
    """What is wrong with placeholders, as errors, and what is odd about them."""
    for place, text in texts(issue):
        yield from findings_in(text, place)
    if (count := len(asked_of(issue))) > MOST_PLACEHOLDERS:
        message = (
            f"there are {count} different placeholders, and at most {MOST_PLACEHOLDERS} can be "
            "filled: leave some out"
        )
        yield Finding("too-many-placeholders", "error", "sections", message)


def findings_in(text: str, place: Sequence[str | int]) -> Iterator[Finding]:
    """What is wrong or odd with the placeholders of the one text at `place` of an issue."""
    where = field_path(place)
    if _is_personal(place):
        yield from _about_text(text, where)
    elif found := BEGINS_PLACEHOLDER.search(text):
        message = (
            f"{_shown(text, found)} can't be filled here: move it to the subject, the preheader, "
            "an intro or a body"
        )
        yield Finding("misplaced-placeholder", "error", where, message)


def _is_personal(place: Sequence[str | int]) -> bool:
    """Whether placeholders may stand there: ["subject"], ["sections", 2, "body"]."""
    match place:
        case [field]:
            return field in EDITION_FIELDS
        case ["sections", int(), field]:
            return field in SECTION_FIELDS
    return False


def _about_text(text: str, where: str) -> Iterator[Finding]:
    for begun in BEGINS_PLACEHOLDER.finditer(text):
        match = _WRITTEN.match(text, begun.start())
        if trouble := _trouble(text, match):
            code, severity, why = trouble
            yield Finding(code, severity, where, f"{_shown(text, begun)} {why}")
    for like in _LIKE_ONE.finditer(text):
        message = f"{like[0]} stays as it is written: if it should be filled, write {EXAMPLE}"
        yield Finding("looks-like-placeholder", "warning", where, message)


def _trouble(text: str, match: re.Match[str] | None) -> tuple[str, Severity, str] | None:
    """The code, the severity and why, of a text that begins like a placeholder."""
    if match is None:
        return "bad-placeholder", "error", f"is not understood: write it as {EXAMPLE}"
    placeholder = _placeholder(match)
    if not placeholder.is_known:
        return "bad-placeholder", "error", _unknown(placeholder.asked)
    if _is_in_link(text, match):
        why = f"can't be filled in a link's address: {LINKS_ARE_FOR_ALL}"
        return "misplaced-placeholder", "error", why
    if placeholder.fallback is None:
        better = f"{{{{ reader.{placeholder.asked} | … }}}}"
        why = f"leaves a gap for readers who have none: write {better}, with what they should read"
        return "no-fallback", "warning", why
    return None


def _unknown(asked: str) -> str:
    first, _, key = asked.partition(".")
    near = difflib.get_close_matches(asked, _FIELDS, n=1)
    if near:
        cure = f"did you mean {near[0]}?"
    elif difflib.get_close_matches(first, ["attributes"]):
        cure = f"write reader.attributes.{key or 'KEY'} for the attribute {key or 'KEY'}"
    else:
        cure = f"write reader.attributes.{asked} for an attribute"
    return f"asks for what no reader has; known are {', '.join(_FIELDS)} and attributes; {cure}"


def _shown(text: str, begun: re.Match[str]) -> str:
    """The placeholder as it was written, or its beginning."""
    rest = text[begun.start() : begun.start() + 300]
    end = rest.find("}}")
    return rest[: end + 2] if end > 0 else f"{' '.join(rest[:30].split())}…"
