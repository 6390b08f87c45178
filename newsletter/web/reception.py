"""Sign-ups that come at the same time are stored together (group commit).

The disk takes as long for one commit as for twenty, and so does much of what a transaction costs
in Python. Whoever comes while a transaction is under way waits for the next one, with all others
who came meanwhile. Each is answered once their own is committed, and so after the same time,
whatever became of their request.
"""

import asyncio
from asyncio import Future, Task
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from newsletter.database import Database
from newsletter.dispatch.queue import queue_notices
from newsletter.errors import DatabaseError, NotFound
from newsletter.publications import Publication, publication_for_host
from newsletter.web.public.wishes import Wishes, answering
from subscribers import signup
from subscribers.addresses import Address, KeyedHash
from subscribers.guard import GuardPolicy
from subscribers.signup import Asked, Request

AT_ONCE = 50
"""Sign-ups in one transaction at most: some hundredths of a second, so that others get through."""


@dataclass(frozen=True)
class SignUp:
    """What came by a form."""

    host: str
    """The Host header, which picks the publication."""
    request: Request
    address: Address
    wishes: Callable[[Publication], Wishes]


class Reception:
    """Takes the sign-ups of one web process. Belongs to its event loop."""

    def __init__(
        self,
        database: Database,
        guard: GuardPolicy,
        *,
        hash_of: KeyedHash,
        now: Callable[[], float],
    ) -> None:
        self._database = database
        self._guard = guard
        self._hash_of = hash_of
        self._now = now
        self._waiting: list[tuple[SignUp, Future[Publication]]] = []
        self._work: Task[None] | None = None

    async def take(self, sign_up: SignUp) -> Publication:
        """Store a sign-up; return the publication that it is for, once that is committed.

        Raises NotFound where there is none, and DatabaseError.
        """
        stored: Future[Publication] = asyncio.get_running_loop().create_future()
        self._waiting.append((sign_up, stored))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._serve())
        return await stored

    async def _serve(self) -> None:
        """Store whoever waits, until nobody does."""
        while self._waiting:
            served, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            outcomes = await run_in_threadpool(self._store, [sign_up for sign_up, _ in served])
            for (_, stored), outcome in zip(served, outcomes, strict=True):
                if stored.cancelled():
                    continue  # whoever asked is gone
                if isinstance(outcome, Exception):
                    stored.set_exception(outcome)
                else:
                    stored.set_result(outcome)

    def _store(self, sign_ups: Sequence[SignUp]) -> Sequence[Publication | Exception]:
        """Store them all at once; where that fails, each by itself: what is wrong is one's own."""
        try:
            return self._database.transact(partial(self._store_in, sign_ups=sign_ups))
        except DatabaseError as error:
            return [error] * len(sign_ups)
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            if len(sign_ups) == 1:
                return [error]
            return [outcome for one in sign_ups for outcome in self._store([one])]

    def _store_in(
        self, session: Session, sign_ups: Sequence[SignUp]
    ) -> Sequence[Publication | NotFound]:
        """Store whose host is known. A wrong one is anybody's to send, and costs the others nothing."""
        now = self._now()
        by_host = {host: _owner_of(session, host) for host in {one.host for one in sign_ups}}
        owners = [by_host[one.host] for one in sign_ups]
        known = [
            (one, owner)
            for one, owner in zip(sign_ups, owners, strict=True)
            if isinstance(owner, Publication)
        ]
        asked = [Asked(owner.key, one.request, one.address) for one, owner in known]
        mails = signup.take(session, asked, self._guard, hash_of=self._hash_of, now=now)
        notices = [
            answering(mail, one.wishes(owner))
            for mail, (one, owner) in zip(mails, known, strict=True)
            if mail is not None
        ]
        queue_notices(session, notices, now=now)
        return owners


def _owner_of(session: Session, host: str) -> Publication | NotFound:
    try:
        return publication_for_host(session, host)
    except NotFound as error:
        return error
