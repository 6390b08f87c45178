"""`/healthz` and `/readyz`, for whoever restarts and routes; under any host."""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from newsletter.health import health_answer
from newsletter.migrate import why_not_ready
from newsletter.web.house import Here

router = APIRouter()


@router.get("/healthz")
def healthz() -> Response:
    """The process is alive."""
    return _answer("alive")


@router.get("/readyz")
def readyz(house: Here) -> Response:
    """The database answers and has this version's tables; else 503, with what to do."""
    return _answer("ready", why_not_ready(house.database))


def _answer(word: str, why: str = "") -> Response:
    status, told = health_answer(word, why)
    return JSONResponse(told, status_code=status)
