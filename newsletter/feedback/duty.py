"""The worker's feedback duty: webhooks, then opens and clicks, in short transactions."""

import logging
from functools import partial

from newsletter.database import Database
from newsletter.errors import ConfigurationError
from newsletter.feedback.errors import MailboxAway
from newsletter.feedback.hits import hits_are_due, judge_hits
from newsletter.feedback.inbox import work_inbox
from newsletter.feedback.returned.mailboxes import fetch
from newsletter.site import Site

log = logging.getLogger(__name__)


def work_feedback(database: Database, *, now: float) -> int:
    """Do one round; return how much was done, 0 when nothing waits. `now`: UTC seconds."""
    return work_inbox(database, now=now) + work_hits(database, now=now)


def work_hits(database: Database, *, now: float) -> int:
    """Judge opens and clicks that are due; return how many."""
    with database.reading() as session:
        if not hits_are_due(session, now=now):
            return 0
    return database.transact(partial(judge_hits, now=now))


def fetch_returned(database: Database, url: str, site: Site, *, now: float) -> int:
    """Take in bounces from the mailbox at `url`, if one is set; return how many mails it had.

    A mailbox that is away is said in the log: what lies in it waits there.
    """
    if not url:
        return 0
    try:
        seen, _ = fetch(database, url, site, now=now)
    except (MailboxAway, ConfigurationError) as error:
        log.warning("%s", error)
        return 0
    return seen


def work_off_inbox(database: Database, *, now: float) -> None:
    """Apply every stored webhook, for whoever must know all that is known before acting."""
    while work_inbox(database, now=now):
        pass
