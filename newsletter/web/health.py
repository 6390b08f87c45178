"""`/healthz` and `/readyz`, for whoever restarts and routes; under any host."""

from fastapi import APIRouter
from sqlalchemy.exc import OperationalError
from starlette.responses import JSONResponse, Response

from newsletter.errors import DatabaseError
from newsletter.migrate import is_current
from newsletter.web.house import Here

router = APIRouter()


@router.get("/healthz")
def healthz() -> Response:
    """The process is alive."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
def readyz(house: Here) -> Response:
    """The database answers and has this version's tables; else 503, with what to do."""
    try:
        house.database.check()
        current = is_current(house.database)
    except (DatabaseError, OperationalError):
        return _unready("the database does not answer")
    if not current:
        return _unready("the database has the tables of another version: run newsletter migrate")
    return JSONResponse({"status": "ready"})


def _unready(why: str) -> Response:
    return JSONResponse({"status": "not ready", "why": why}, status_code=503)
