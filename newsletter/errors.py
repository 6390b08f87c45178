"""What can go wrong in the publication, as one tree.

NewsletterError
├── ConfigurationError     a setting is missing or unfit; names it and the cure
│   └── UnsafeToSend       a real provider with a setup that would harm readers
├── DatabaseError          the database is away or not migrated
├── TokenError             forged, of another purpose, or expired
│   ├── TokenExpired
│   └── NotAllowed         good, but not for this
├── NotFound               no such publication, edition or token
├── EditionError           an edition can't do that now
│   ├── EditionExists
│   ├── NotApproved        ... or changed since it was approved
│   └── Blocked            preflight found errors
└── LeaseLost              another worker holds the batch: send nothing more
"""


class NewsletterError(Exception):
    """The root: its text tells a person what happened and what to do."""


class ConfigurationError(NewsletterError):
    """A setting is missing or unfit."""


class UnsafeToSend(ConfigurationError):
    """A real provider would send mail that readers could not act on."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("Nothing was sent: " + " ".join(problems))


class DatabaseError(NewsletterError):
    """The database does not answer, or its tables are not those of this version."""


class TokenError(NewsletterError):
    """A token that we did not sign, or not for this purpose."""


class TokenExpired(TokenError):
    """A token of ours that is too old."""


class NotAllowed(TokenError):
    """A tool's token that is good and has not the scope for what it wants."""


class NotFound(NewsletterError):
    """No such thing here."""


class EditionError(NewsletterError):
    """An edition can't do that in its present state."""


class EditionExists(EditionError):
    """There is a live edition of that date already."""


class NotApproved(EditionError):
    """Nobody has approved these very bytes."""


class Blocked(EditionError):
    """Preflight found errors."""


class LeaseLost(NewsletterError):
    """The batch is no longer ours."""
