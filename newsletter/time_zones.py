"""Names of time zones, as the IANA writes them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsletter.errors import ConfigurationError


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of that name.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return ZoneInfo(name)
    # Of a folder of zones, "Europe", Python 3.11 says that it is a directory.
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"“{name}” is no time zone: write one like Europe/Berlin."
        ) from error
