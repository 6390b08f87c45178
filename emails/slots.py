"""Personalisation slots: a text is split once at its slot words and filled for every reader.

A slot word stands for one value of one reader (the delivery's token). It is a bare alphanumeric
word such as `Q7f3a9c01bR0Q`, since nothing else comes unharmed through MJML, premailer, a URL and
a mail header alike.
"""

import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NONCE_DIGITS = 9
SLOT_WORD = re.compile(rf"Q[0-9a-f]{{{NONCE_DIGITS}}}R\d+Q")
"""What every slot word looks like."""


def mint_words(names: Sequence[str], content: str) -> dict[str, str]:
    """One slot word for each of `names`, none of which occurs in `content`.

    The nonce is a hash of the content, so that the same issue always gives the same bytes; where
    an editor has managed to write the word that would come out, the next attempt gives another.
    """
    for attempt in itertools.count():
        seed = f"{attempt}\0{content}".encode("utf-8", "surrogatepass")
        nonce = hashlib.sha256(seed).hexdigest()[:NONCE_DIGITS]
        words = {name: f"Q{nonce}R{position}Q" for position, name in enumerate(names)}
        if not any(word in content for word in words.values()):
            return words
    raise AssertionError("itertools.count() ended")  # pragma: no cover


@dataclass(frozen=True, slots=True)
class Segments:
    """A text cut at its slots: `constants` has one element more than `names`."""

    constants: tuple[str, ...]
    names: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """Join the constants with the reader's values, as they are. KeyError on a missing one."""
        first = self.names[0] if self.names else ""
        if self.names.count(first) == len(self.names):  # most mails hold nothing but the token
            return (values[first] if first else "").join(self.constants)
        parts = [""] * (len(self.constants) + len(self.names))
        parts[::2] = self.constants
        parts[1::2] = [values[name] for name in self.names]
        return "".join(parts)


def split(text: str, words: Mapping[str, str]) -> Segments:
    """Cut `text` at every slot word of `words` (slot name -> word)."""
    if not words:
        return Segments((text,), ())
    name_of = {word: name for name, word in words.items()}
    pieces = re.split(f"({'|'.join(map(re.escape, name_of))})", text)
    return Segments(tuple(pieces[::2]), tuple(name_of[word] for word in pieces[1::2]))


def fill(text: str, words: Mapping[str, str], values: Mapping[str, str]) -> str:
    """Fill `text` once; for many readers keep what `split` returns."""
    return split(text, words).fill(values)
