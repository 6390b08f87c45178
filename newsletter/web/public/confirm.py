"""`/confirm/TOKEN`: a page with a button; the button confirms, once."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.responses import Response

from newsletter.dispatch.queue import queue_notice
from newsletter.errors import TokenExpired
from newsletter.publications import Publication
from newsletter.tokens import Purpose
from newsletter.web import wording
from newsletter.web.house import Here, House
from newsletter.web.public.choices import muted_by, topic_boxes
from newsletter.web.public.wishes import Wishes, source_of, wishes_of
from subscribers import preferences, signup
from subscribers.addresses import mask
from subscribers.consent import Agreement
from subscribers.models import Subscriber, Subscription, Tracking
from subscribers.readers import find
from subscribers.signup import MailKind, MailToSend

router = APIRouter()

EXPIRED = (
    "A link that we mail to confirm something works for a short while only. Sign up once more and "
    "we send you a new one."
)


class ConfirmForm(BaseModel):
    """The boxes ticked. `topics` counts only where the page showed any."""

    topics: list[str] = []
    tracking: bool = False


@router.get("/confirm/{token}")
def show_confirmation(token: str, house: Here) -> Response:
    """Show what will be confirmed: scanners follow links, so nothing happens yet."""
    with house.database.reading() as session:
        mailed = _read(house, token)
        publication = session.get_one(Publication, mailed.publication_id)
        subscriber, subscription = find(session, mailed.subscriber_id, publication.key)
        signup.check_unused(subscription, mailed)
        wishes = _wishes(session, mailed, subscription)
        return house.pages.page(
            "confirm.html.j2",
            publication,
            address=mask(subscriber.email or ""),
            topics=topic_boxes(publication, wishes.muted),
            tracking_ticked=wishes.tracking,
            mail_wording=wording.mail_consent(publication.name),
            tracking_wording=wording.tracking_consent(publication.name),
        )


@router.post("/confirm/{token}")
def confirm(
    token: str, request: Request, house: Here, form: Annotated[ConfirmForm, Form()]
) -> Response:
    """Make the subscription active, with the reader's consent on record."""

    def work(session: Session) -> tuple[Publication, str]:
        mailed = _read(house, token)
        publication = session.get_one(Publication, mailed.publication_id)
        _confirm(house, session, mailed, publication, form, ip=house.consent_ip(request))
        reader = session.get_one(Subscriber, mailed.subscriber_id)
        queue_notice(
            session,
            publication_id=publication.key,
            kind="welcome",
            email=reader.email or "",
            subscriber_id=mailed.subscriber_id,
            data={"epoch": reader.link_epoch},
            now=house.now(),
        )
        return publication, mask(reader.email or "")

    publication, address = house.database.transact(work)
    return house.pages.page("confirmed.html.j2", publication, address=address)


def _read(house: House, token: str) -> MailToSend:
    try:
        publication_id, subscriber_id, epoch = house.site.signer.read_fresh(
            Purpose.CONFIRM, token, now=house.now()
        )
    except TokenExpired as error:
        raise TokenExpired(EXPIRED) from error
    return MailToSend(MailKind.CONFIRM, subscriber_id, publication_id, epoch)


def _wishes(session: Session, mailed: MailToSend, subscription: Subscription) -> Wishes:
    """What was ticked at the form; else what stands."""
    wishes = wishes_of(session, mailed)
    return wishes or Wishes(muted=tuple(subscription.muted.split()))


def _confirm(
    house: House,
    session: Session,
    mailed: MailToSend,
    publication: Publication,
    form: ConfirmForm,
    *,
    ip: str,
) -> None:
    """Confirm, then set topics and tracking, whose consent is recorded by its own words."""
    now, source = house.now(), source_of(session, mailed)
    act = Agreement(source, wording.mail_consent(publication.name), wording.VERSION, ip)
    subscription = signup.confirm(
        session, mailed, act, tracking=None, hash_of=house.site.signer.keyed_hash, now=now
    )
    whose = (mailed.subscriber_id, publication.key)
    preferences.mute(
        session,
        *whose,
        muted_by(publication, form.topics),
        declared=publication.topic_keys,
        now=now,
    )
    tracked = Agreement(source, wording.tracking_consent(publication.name), wording.VERSION, ip)
    preferences.set_tracking(
        session, *whose, _tracking(publication, subscription, form), tracked, now=now
    )


def _tracking(publication: Publication, subscription: Subscription, form: ConfirmForm) -> Tracking:
    """Linked where the box was shown and ticked; unticked, it takes an earlier consent back."""
    if publication.tracking == "consent" and form.tracking:
        return Tracking.LINKED
    current = Tracking(subscription.tracking)
    return Tracking.COUNTED if current == Tracking.LINKED else current
