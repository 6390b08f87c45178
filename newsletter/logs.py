"""One log format, with no secret in it."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
# The SendGrid client writes its key into the log at DEBUG; Alembic greets at every look.
SILENCED = ("python_http_client", "sendgrid", "urllib3", "httpx", "httpcore", "alembic")


def configure_logs(level: str) -> None:
    """Log to standard error at `level`, whatever libraries would like to say."""
    logging.basicConfig(level=level.upper(), format=FORMAT, stream=sys.stderr, force=True)
    for name in SILENCED:
        logging.getLogger(name).setLevel(logging.WARNING)
