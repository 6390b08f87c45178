"""Whether real mail may leave: a real provider with a test setup would harm readers."""

from newsletter.dispatch.outlet import open_outlet
from newsletter.errors import UnsafeToSend
from newsletter.providers.base import Provider
from newsletter.publications import Publication
from newsletter.settings import Settings


def why_unsafe(settings: Settings, publication: Publication, provider: Provider) -> tuple[str, ...]:
    """What must be set right before this provider may send; empty where nothing is in the way.

    Nothing that a loopback provider takes can leave this machine, so it may always send.
    """
    if provider.loopback:
        return ()
    problems = []
    if not settings.has_public_base_url:
        problems.append(
            f"base_url is {settings.base_url}: readers could not unsubscribe. "
            "Set it to the site's public https address."
        )
    if settings.secret_flaw:
        problems.append(
            f"secret_key {settings.secret_flaw}: anybody could forge links. Run `newsletter init`, "
            "or set it to a long random text."
        )
    if not publication.postal_address.strip():
        problems.append(
            "postal_address is missing: the law asks for one in every mail. Set it under "
            "[publication] in newsletter.toml and run `newsletter init`."
        )
    return tuple(problems)


def require_permission(settings: Settings, publication: Publication) -> None:
    """Raise UnsafeToSend where the settings' own provider may not send for this publication."""
    provider = open_outlet(settings)
    try:
        require_safe(settings, publication, provider)
    finally:
        provider.close()


def require_safe(settings: Settings, publication: Publication, provider: Provider) -> None:
    """Raise UnsafeToSend, naming every problem, where `why_unsafe` finds one."""
    problems = why_unsafe(settings, publication, provider)
    if problems:
        raise UnsafeToSend(problems)
