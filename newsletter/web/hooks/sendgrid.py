"""`POST /hooks/sendgrid`: SendGrid's signed events, stored as they came.

Whatever isn't answered 2xx is sent again, so 403 is only for what SendGrid did not sign, and a
database that is away gets 503 (`failures.py`).
"""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from newsletter.feedback import inbox, sendgrid
from newsletter.feedback.errors import BadSignature
from newsletter.web.house import Here, House

router = APIRouter(prefix="/hooks")


@router.post("/sendgrid")
async def receive_events(request: Request, house: Here) -> Response:
    """Verify the raw bytes, commit them, and only then answer."""
    body = await request.body()
    key = house.settings.sendgrid_webhook_public_key
    try:
        await run_in_threadpool(sendgrid.verify, body, request.headers, key)
    except BadSignature as error:
        return PlainTextResponse(str(error), status_code=403)
    await run_in_threadpool(_store, house, body)
    return Response(status_code=204)


def _store(house: House, body: bytes) -> None:
    house.database.transact(
        lambda session: inbox.receive(session, sendgrid.PROVIDER, body, now=house.now())
    )
