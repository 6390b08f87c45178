"""Whether a host is this machine."""

from ipaddress import ip_address


def is_loopback_host(host: str | None) -> bool:
    """Whether `host`, a name or an address, can only be this machine.

    Of names only "localhost" counts (RFC 6761 §6.3): another may resolve to anything.
    """
    if host is None:
        return False
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
