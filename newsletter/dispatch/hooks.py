"""Alerts to a web hook, beside those by mail: a chat room, a pager.

A post is kept with its alert and made by the worker, tried again for some hours, and never in
anybody's way. It is signed as Standard Webhooks 1.0 asks (standardwebhooks.com): HMAC-SHA256 over
`id.timestamp.body`, so that the receiver knows that it is ours, and how old it is.
"""

import hmac
import json
import logging
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import delete
from sqlmodel import Session, col, select

from newsletter.database import Database, db_now
from newsletter.dispatch.models import ALERT_POST, AlertPost
from newsletter.dispatch.outcomes import MAX_ATTEMPTS, backoff
from newsletter.settings import Settings

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
LEASE_SECONDS = 60.0
"""A post that nobody has finished by then is somebody else's."""
AT_ONCE = 10
KEPT_SECONDS = 86_400.0
"""An alert that is a day old helps nobody: it is forgotten, sent or not."""


@dataclass(frozen=True)
class Hook:
    """Where alerts are posted, and what they are signed with."""

    url: str
    secret: bytes

    @classmethod
    def of(cls, settings: Settings) -> "Hook | None":
        """The settings' hook; None where there is none."""
        if not settings.alert_webhook_url:
            return None
        return cls(settings.alert_webhook_url, settings.alert_webhook_key)

    def post(self, message_id: str, body: bytes, *, now: float) -> str:
        """Post a body; return why that failed, empty where it was taken."""
        import httpx  # 6 MB, which a worker without a hook has no use for

        stamp = str(int(now))
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(self.secret, message_id, stamp, body),
        }
        try:
            answer = httpx.post(self.url, content=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return str(error) or type(error).__name__
        return "" if answer.is_success else f"HTTP {answer.status_code}"


def signature(secret: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """The header `webhook-signature`: version 1, a MAC in base64."""
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    return "v1," + b64encode(hmac.digest(secret, signed, "sha256")).decode()


def post_alerts(database: Database, hook: Hook | None, *, now: float) -> int:
    """Post what is due; return how many were tried. Without a hook, only forget what is old."""
    with database.reading() as session:
        if not _is_anything_to_do(session):
            return 0
    posts = database.transact(lambda session: _claim(session, hook))
    for post in posts:
        body = json.dumps(post.payload).encode("ascii")  # half a surrogate pair has no UTF-8
        error = hook.post(f"alert-{post.message_id}", body, now=now) if hook else ""
        database.transact(partial(_finish, tried=post, error=error))
    return len(posts)


def _is_anything_to_do(session: Session) -> bool:
    """Asked without taking the write lock."""
    waiting = select(AlertPost.id).where(
        (col(AlertPost.sent_at).is_(None) & (col(AlertPost.due_at) <= db_now()))
        | (col(AlertPost.created_at) < db_now() - KEPT_SECONDS)
    )
    return session.exec(waiting.limit(1)).first() is not None


def _claim(session: Session, hook: Hook | None) -> Sequence[AlertPost]:
    now = session.exec(select(db_now())).one()
    session.execute(delete(ALERT_POST).where(ALERT_POST.c.created_at < now - KEPT_SECONDS))
    if hook is None:
        return ()
    posts = session.exec(
        select(AlertPost)
        .where(col(AlertPost.sent_at).is_(None), col(AlertPost.due_at) <= now)
        .order_by(col(AlertPost.id))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for post in posts:
        post.due_at = now + LEASE_SECONDS
        post.attempt += 1
        session.add(post)
    return posts


def _finish(session: Session, tried: AlertPost, error: str) -> None:
    post = session.get(AlertPost, tried.id, with_for_update=True)
    if post is None or (post.message_id, post.attempt) != (tried.message_id, tried.attempt):
        return  # forgotten meanwhile, or in another worker's hands
    now = session.exec(select(db_now())).one()
    if not error:
        post.sent_at = now
    elif post.attempt >= MAX_ATTEMPTS:
        log.warning("alert %s could not be posted: %s", post.id, error)
        session.delete(post)
        return
    else:
        log.info("alert %s is posted again later: %s", post.id, error)
        post.due_at = now + backoff(post.attempt - 1)
    session.add(post)
