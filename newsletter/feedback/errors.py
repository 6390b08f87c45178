"""What can go wrong with what comes back, as one tree.

NewsletterError
└── FeedbackError
    ├── BadSignature     not the provider's request: nothing is stored, the answer is 403
    ├── MailboxAway      the mailbox of returned mail can't be read now
    └── UnreadableBody   the provider's request, but not what it should hold: kept with the error
"""

from newsletter.errors import NewsletterError


class FeedbackError(NewsletterError):
    """Something is wrong with what came back."""


class BadSignature(FeedbackError):
    """Nobody shows that the provider sent this; nothing in it may be believed."""


class MailboxAway(FeedbackError):
    """The mailbox that bounces are read from does not open; they wait there."""


class UnreadableBody(FeedbackError):
    """A verified body that can't be read as events."""
