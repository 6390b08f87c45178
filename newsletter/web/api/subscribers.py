"""Sign-ups from editors' tools: a shop's checkout, an event's guest list, a form of one's own."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from newsletter.accounts import audit
from newsletter.dispatch.queue import queue_notices
from newsletter.publications import Publication, find_publication
from newsletter.signup_policy import signup_policy
from newsletter.web.api.caller import SignupsTool
from newsletter.web.house import Here, network_address
from newsletter.web.public.wishes import Wishes, answering
from subscribers import signup
from subscribers.signup import Answer

router = APIRouter(tags=["subscribers"])

ACCEPTED = 202


class SignupRequest(BaseModel):
    """Who should be asked whether they want it."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=320)
    name: str = Field("", max_length=200)
    muted: list[str] = Field(default=[], description="Topics to leave out; others are ignored.")
    tracking: bool = Field(
        default=False, description="Whether they agreed to be tracked; they are asked once more."
    )
    ip: str = Field("", max_length=45, description="Whose browser asked; counts against the caps.")


class SignupAnswer(BaseModel):
    """The same for every address, whoever reads what; both fields depend on the address alone."""

    suggestion: str | None = Field(description="An address that was probably meant.")
    doubts: list[str] = Field(description="What may go wrong with this address.")


@router.post("/subscribers", status_code=ACCEPTED)
def sign_up(
    request: Request,
    house: Here,
    caller: SignupsTool,
    wanted: SignupRequest,
    publication: Annotated[str | None, Query(description="Slug; else the Host's.")] = None,
) -> SignupAnswer:
    """Ask an address to confirm a subscription, as the form does.

    422 for what is no address, or one that the policy keeps out.
    """

    def work(session: Session) -> Answer:
        owner = (
            find_publication(session, publication)
            if publication
            else house.publication(session, request)
        )
        asked = signup.Request(
            email=wanted.email, source="api", name=wanted.name, ip=network_address(wanted.ip)
        )
        answer = signup.request(
            session,
            owner.key,
            asked,
            signup_policy(house.settings),
            hash_of=house.site.signer.keyed_hash,
            now=house.now(),
        )
        if answer.mail is not None:
            notice = answering(answer.mail, _wishes(owner, wanted), source=asked.source)
            queue_notices(session, [notice], now=house.now())
            audit.record(
                session,
                actor=caller.name,
                act="subscriber.ask",
                subject=f"subscriber {answer.mail.subscriber_id}",
                now=house.now(),
            )
        return answer

    answer = house.database.transact(work)
    return SignupAnswer(suggestion=answer.suggestion, doubts=list(answer.doubts))


def _wishes(publication: Publication, wanted: SignupRequest) -> Wishes:
    declared = publication.topic_keys
    return Wishes(
        muted=tuple(key for key in declared if key in wanted.muted), tracking=wanted.tracking
    )
