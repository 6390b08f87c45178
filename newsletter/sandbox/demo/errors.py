"""What can go wrong in the demo.

NewsletterError
└── DemoError
    ├── FolderInUse     something else lives where the demo wants to
    ├── ProcessEnded    site, worker or stand-in ended by itself
    └── Overdue         something did not happen in time
"""

from newsletter.errors import NewsletterError


class DemoError(NewsletterError):
    """The demo can't go on."""


class FolderInUse(DemoError):
    """The folder holds what the demo has not made, and won't delete."""


class ProcessEnded(DemoError):
    """A process of the demo ended by itself."""


class Overdue(DemoError):
    """Something did not happen in time."""
