"""Readers' lives in any order, on both databases, held against what may never be.

No mail without standing consent, none to a suppressed address, and the record explains every
state. What the machine itself remembers is only who is out: left, complained, bounced, was taken
off by an editor or erased, and has not confirmed since.
"""

from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, col, select

from subscribers import erasure, preferences, suppression, unsubscribe
from subscribers.addresses import hashed_key
from subscribers.consent import Agreement
from subscribers.errors import ImpossibleTransition, LinkUsed, UnknownReader
from subscribers.guard import GuardPolicy
from subscribers.imports import ImportAs
from subscribers.models import (
    ConsentRecord,
    State,
    Subscriber,
    Subscription,
    SuppressionReason,
)
from subscribers.signup import MailKind, MailToSend, SignupPolicy
from tests.subscribers.readers import CLICK, DAY, NOW, Readers, hash_of, standings

NO_CAPS = SignupPolicy(
    guard=GuardPolicy(per_address=(), per_ip_prefix=(), per_domain=(), per_publication=())
)
FEEDBACK = Agreement(source="feedback")
WHOS = "ab"
WHO = st.sampled_from(WHOS)
GROUP = st.lists(WHO, min_size=1, max_size=2, unique=True)
STATES = st.sampled_from(["", "active", "pending", "paused", "unsubscribed", "bounced"])
Life = tuple[Subscriber, Subscription, ConsentRecord | None]
LIVES = count()
"""Every example has addresses of its own, so that nothing needs to be cleared away."""


class Lives(RuleBasedStateMachine):
    def __init__(self, readers: Readers) -> None:
        super().__init__()
        self.readers, self.now, self.example = readers, NOW, next(LIVES)
        self.mails: list[MailToSend] = []
        self.out: set[str] = set()
        self.removed: set[str] = set()
        """Taken off by an editor's decision, which no reader takes back."""
        self.erased: list[int] = []

    def address(self, who: str) -> str:
        return f"{who}{self.example}@x.example"

    def known(self, who: str) -> int:
        """The reader's number, or one that nobody has."""
        with suppress(NoResultFound):
            return self.readers.subscriber(self.address(who)).id or 0
        return 0

    def act(self, what: Any, who: str, *more: Any, **named: Any) -> Any:
        return self.readers.do(
            what, self.known(who), self.readers.publication_id, *more, now=self.now, **named
        )

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += hours * 3600
        self.readers.do(preferences.resume_due, now=self.now)

    @rule(who=WHO)
    def sign_up(self, who: str) -> None:
        answer = self.readers.ask(self.address(who), now=self.now, policy=NO_CAPS)
        assert (answer.mail is None) == (who in self.removed)
        if answer.mail and answer.mail.kind == MailKind.CONFIRM:
            self.mails.append(answer.mail)

    @rule(data=st.data())
    def follow_a_link(self, data: st.DataObject) -> None:
        """Any of those mailed, the oldest too, and as often as one likes."""
        if not self.mails:
            return
        mail = data.draw(st.sampled_from(self.mails))
        with suppress(LinkUsed, UnknownReader):
            self.readers.confirm(mail, now=self.now)
            who = next(who for who in WHOS if self.known(who) == mail.subscriber_id)
            self.out.discard(who)

    @rule(group=GROUP)
    def bring_in_as_subscribed(self, group: Sequence[str]) -> None:
        lines = "".join(f"{self.address(who)}\n" for who in group)
        self.readers.bring_in("email\n" + lines, now=self.now)

    @rule(group=GROUP, how=st.sampled_from(ImportAs), state=STATES)
    def bring_in(self, group: Sequence[str], how: ImportAs, state: str) -> None:
        lines = "".join(f"{self.address(who)},{state}\n" for who in group)
        self.readers.bring_in("email,state\n" + lines, now=self.now, import_as=how)
        if how != ImportAs.ACTIVE or state in {"unsubscribed", "bounced"}:
            self.out.update(group)

    @rule(
        who=WHO,
        reason=st.sampled_from([SuppressionReason.HARD_BOUNCE, SuppressionReason.SOFT_BOUNCES]),
    )
    def bounce(self, who: str, reason: SuppressionReason) -> None:
        self.readers.do(suppression.suppress, self.address(who), reason, now=self.now)
        self.out.add(who)

    @rule(who=WHO)
    def complain(self, who: str) -> None:
        self.readers.do(unsubscribe.complain, self.address(who), FEEDBACK, now=self.now)
        self.out.add(who)
        self.removed.discard(who)  # a complaint weighs more than an editor's decision

    @rule(who=WHO)
    def unsubscribe(self, who: str) -> None:
        with suppress(UnknownReader):
            self.act(unsubscribe.leave, who, CLICK)
            self.out.add(who)

    @rule(who=WHO)
    def think_better_of_it(self, who: str) -> None:
        with suppress(UnknownReader, ImpossibleTransition):
            self.act(unsubscribe.undo, who, CLICK, within=DAY)
            with self.readers.database.reading() as session:
                if not self.is_suppressed(session, self.address(who)):
                    self.out.discard(who)

    @rule(who=WHO, hours=st.integers(1, 50))
    def pause(self, who: str, hours: int) -> None:
        with suppress(UnknownReader, ImpossibleTransition):
            self.act(preferences.pause, who, until=self.now + hours * 3600)

    @rule(who=WHO)
    def remove(self, who: str) -> None:
        manual, address = SuppressionReason.MANUAL, self.address(who)
        self.readers.do(suppression.suppress, address, manual, now=self.now)
        self.out.add(who)
        live = self.readers.do(suppression.find_live, [address])
        if live.reason == manual:  # a complaint weighs more
            self.removed.add(who)

    @rule(who=WHO)
    def erase(self, who: str) -> None:
        with suppress(UnknownReader):
            number = self.known(who)
            self.readers.do(erasure.erase, number, CLICK, hash_of=hash_of, now=self.now)
            self.out.add(who)
            self.erased.append(number)

    # -- what may never be -------------------------------------------------------------------

    @invariant()
    def what_may_never_be_is_not(self) -> None:
        with self.readers.database.reading() as session:
            everybody = self.everybody(session)
            mailed = {person.email_key for person, subscription, _ in everybody
                      if subscription.mailable}  # fmt: skip
            assert not mailed & {self.address(who) for who in self.out}
            assert not any(self.is_suppressed(session, str(key)) for key in mailed)
            self.the_kept_flag_and_the_question_at_hand_off_agree(session, everybody)
        for person, subscription, record in everybody:
            self.the_record_explains_the_state(person, subscription, record)
            self.of_somebody_erased_nothing_is_left(person)

    def the_record_explains_the_state(
        self, person: Subscriber, subscription: Subscription, record: ConsentRecord | None
    ) -> None:
        if subscription.state == State.PENDING:
            assert record is None
            return
        assert record is not None
        assert record.kind == "mail"
        assert record.granted == (subscription.state != State.UNSUBSCRIBED)
        assert record.subscriber_id == (None if record.source == "import" else person.id)

    def the_kept_flag_and_the_question_at_hand_off_agree(
        self, session: Session, everybody: Sequence[Life]
    ) -> None:
        ids = [subscription.subscriber_id for _, subscription, _ in everybody]
        asked = standings(session, self.readers.publication_id, ids)
        for _, subscription, _ in everybody:
            assert subscription.mailable == (asked[subscription.subscriber_id].reason is None)

    def of_somebody_erased_nothing_is_left(self, person: Subscriber) -> None:
        assert (person.email_key is None) == (person.erased_at is not None)
        assert person.erased_at is None or not (person.email or person.name)

    def everybody(self, session: Session) -> list[Life]:
        """Everyone of this example, those erased in it too."""
        mine = [self.address(who) for who in WHOS]
        found = session.exec(
            select(Subscriber, Subscription, ConsentRecord)
            .join(Subscription, col(Subscription.subscriber_id) == col(Subscriber.id))
            .outerjoin(ConsentRecord, col(ConsentRecord.id) == col(Subscription.consent_id))
            .where(col(Subscriber.email_key).in_(mine) | col(Subscriber.id).in_(self.erased))
        )
        return [(person, subscription, record) for person, subscription, record in found]

    def is_suppressed(self, session: Session, key: str) -> bool:
        return suppression.find_live(session, [key, hashed_key(key, hash_of)]) is not None


def live(readers: Readers, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Lives(readers),  # type: ignore[arg-type]  # it is called, whatever it is
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_only_those_get_mail_who_agreed_and_are_reachable(
    readers: Readers,
) -> None:
    live(readers, examples=45, steps=10)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_same_in_many_more_lives(readers: Readers) -> None:
    live(readers, examples=2_000, steps=12)
