"""What the small mails to readers say, in each language that has words for it. Tables only.

`{name}` is the publication's. A language without a table gets English.
"""

from collections.abc import Mapping

from emails.notice_texts.de import GERMAN
from emails.notice_texts.en import ENGLISH
from emails.notice_texts.es import SPANISH
from emails.notice_texts.fr import FRENCH
from emails.notice_texts.it import ITALIAN
from emails.notice_texts.nl import DUTCH
from emails.notice_texts.pt import PORTUGUESE
from emails.notice_texts.texts import Texts

__all__ = ["NOTICE_TEXTS", "Texts"]

NOTICE_TEXTS: Mapping[str, Mapping[str, Texts]] = {
    "de": GERMAN,
    "en": ENGLISH,
    "es": SPANISH,
    "fr": FRENCH,
    "it": ITALIAN,
    "nl": DUTCH,
    "pt": PORTUGUESE,
}
"""Language -> kind of notice -> its words."""
