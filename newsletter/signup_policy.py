"""What the operator lets strangers do at the form, from the settings."""

from newsletter.settings import Settings
from subscribers.addresses import AddressPolicy, Rule
from subscribers.signup import SignupPolicy


def signup_policy(settings: Settings) -> SignupPolicy:
    """The policy for every door: form, API and command line."""
    return SignupPolicy(
        addresses=AddressPolicy(
            international=Rule(settings.signup_international),
            disposable=Rule(settings.signup_disposable),
            roles=Rule(settings.signup_roles),
            refused_domains=frozenset(map(_domain, settings.signup_refused_domains)),
        )
    )


def _domain(name: str) -> str:
    """A domain as addresses have it: in ASCII, in lower case, without a mark before it."""
    return name.strip().lstrip("@.").encode("idna").decode().lower()
