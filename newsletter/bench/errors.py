"""What can go wrong with a measurement.

BenchError (a NewsletterError)
├── NotEmpty        the database that was given holds something
├── NotThisMachine  mail would leave this machine
├── MissingTool     a program that is measured against is not installed
├── HelperDied      a process of the measurement ended before its time
└── Void            not everything was done, so the figures would mean nothing
"""

from newsletter.errors import NewsletterError


class BenchError(NewsletterError):
    """Nothing was measured; the text says why."""


class NotEmpty(BenchError):
    """The database holds tables or rows that are not ours to touch."""


class NotThisMachine(BenchError):
    """The measurement's invented readers must get no mail from a real server."""


class MissingTool(BenchError):
    """A program is not installed."""


class HelperDied(BenchError):
    """A process ended before it had answered."""


class Void(BenchError):
    """The work was not done as a whole."""
