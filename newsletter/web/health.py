"""`/healthz` and `/readyz`, for whoever restarts and routes; under any host."""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from newsletter.migrate import why_not_ready
from newsletter.web.house import Here

router = APIRouter()


@router.get("/healthz")
def healthz() -> Response:
    """The process is alive."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
def readyz(house: Here) -> Response:
    """The database answers and has this version's tables; else 503, with what to do."""
    why = why_not_ready(house.database)
    if why:
        return JSONResponse({"status": "not ready", "why": why}, status_code=503)
    return JSONResponse({"status": "ready"})
