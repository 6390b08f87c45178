"""What can go wrong with a provider as a whole.

    ProviderError (a NewsletterError)
    ├── UnknownProvider         no provider goes by that name
    ├── ProviderMisconfigured   an option is missing or can't be right
    ├── ProviderUnreachable     nothing answers at its address
    └── AuthenticationRefused   it answers, and refuses the key or password
        ├── SenderRefused       ... or won't take mail from our sender address
        └── RequestRefused      ... or won't take what we ask, whoever it is for

What happens to one message is no exception but an `Outcome` (base.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from newsletter.providers.base import Outcome


class ProviderError(NewsletterError):
    """The provider can't be used; the message says why and what to do."""


class UnknownProvider(ProviderError):
    """No provider of that name is built in or installed."""


class ProviderMisconfigured(ProviderError):
    """An option of the provider is missing or can't be right."""


class ProviderUnreachable(ProviderError):
    """No connection could be made, so nothing was handed over."""


class AuthenticationRefused(ProviderError):
    """The provider refuses our key or password.

    Trying again won't help: the dispatcher pauses what it sends and tells the editor.
    """


class SenderRefused(AuthenticationRefused):
    """The provider knows us, and won't take mail from our sender address.

    It would refuse every recipient alike, so it is no answer about any of them.
    """


class RequestRefused(AuthenticationRefused):
    """The provider knows us, and refuses a request as a whole.

    It blames none of the recipients, so it is no answer about any of them either. Where it said
    something of some of them all the same, `outcomes` has one for each recipient.
    """

    def __init__(self, message: str, *, outcomes: "Sequence[Outcome]" = ()) -> None:
        super().__init__(message)
        self.outcomes = outcomes
