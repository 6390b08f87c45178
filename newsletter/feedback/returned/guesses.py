"""What a returned mail seems to say, where it keeps to no standard.

`flufl.bounce`, which Mailman brought up, knows the forms of some thirty mail servers.
"""

import logging
from itertools import islice

from newsletter.feedback.bounce_policy import enhanced_code
from newsletter.feedback.events import EventKind
from newsletter.feedback.returned.reports import Finding, Mail
from newsletter.one_line import one_line

log = logging.getLogger(__name__)

WORDS = 2_000
"""Characters of a mail's first text that are looked through for a status code."""


def guess(mail: Mail) -> Finding | None:
    """What the mail is taken for; None where it looks like no bounce (an answer, a holiday note)."""
    # Only mails that keep to no standard need it, and it takes 0.1 s to import.
    from flufl.bounce import all_failures

    try:
        passing, lasting = all_failures(mail)
    except Exception:
        log.info("a returned mail defeats flufl.bounce", exc_info=True)
        return None
    if not passing and not lasting:
        return None
    words = first_text(mail)
    kind = EventKind.BOUNCED if lasting else EventKind.DEFERRED
    return Finding(kind, "failed" if lasting else "delayed", enhanced_code(words), words)


def first_text(mail: Mail) -> str:
    """The beginning of the first text in a mail, on one line."""
    texts = (part for part in mail.walk() if part.get_content_maintype() == "text")
    for part in islice(texts, 1):
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return one_line(payload[:WORDS].decode("utf-8", "replace"))
    return ""
