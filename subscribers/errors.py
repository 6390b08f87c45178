"""What can go wrong with readers and their consent, as one tree.

SubscribersError
├── InvalidAddress        no mail can be sent to what was written
├── AddressRefused        a fine address that the publication's policy keeps out
├── UnknownReader         no such subscription, or its reader was erased
├── LinkUsed              a mailed link that worked once already, or is void
├── ImpossibleTransition  states.py draws no arrow for it
│   └── CannotUndo        ... or not any more
├── InvalidPreference     a topic or language that there is not
│   └── UnknownTimeZone   ... or a time zone, which people type
└── ImportFileError       the file as a whole can't be imported; nothing was stored
    ├── UnreadableFile    not UTF-8, not CSV, or empty
    ├── NoEmailColumn     no column is known to hold addresses
    ├── RaggedRows        rows with more or fewer fields than the header
    ├── FileChanged       somebody wrote to it, or put another in its place, meanwhile
    └── HalfRead          a process that read along was ended from outside
"""


class SubscribersError(Exception):
    """The root: its text tells a person what happened and what to do."""


class InvalidAddress(SubscribersError):
    """No mail can be sent to what was written."""


class AddressRefused(SubscribersError):
    """A fine address that the publication's policy keeps out."""


class UnknownReader(SubscribersError):
    """No such subscription, or its reader was erased."""


class LinkUsed(SubscribersError):
    """A mailed link that worked once already, or that a later one made void."""


class ImpossibleTransition(SubscribersError):
    """A subscription can't do that in its present state."""


class CannotUndo(ImpossibleTransition):
    """It is too late to undo, or it was not the reader who left."""


class InvalidPreference(SubscribersError):
    """A topic or language that there is not."""


class UnknownTimeZone(InvalidPreference):
    """A time zone that there is not: the one choice that is typed."""


class UnfitRow(SubscribersError):
    """A row of a file that can't be stored; the text is the reason."""


class ImportFileError(SubscribersError):
    """The file as a whole can't be imported; nothing was stored."""


class UnreadableFile(ImportFileError):
    """It is not UTF-8, not CSV, or empty."""


class NoEmailColumn(ImportFileError):
    """No column is known to hold addresses."""


class RaggedRows(ImportFileError):
    """Rows with more or fewer fields than the header."""


class FileChanged(ImportFileError):
    """Somebody wrote to it, or put another in its place, while it was read."""


class HalfRead(ImportFileError):
    """A process that read along was ended from outside."""
