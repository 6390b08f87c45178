"""What `/healthz` and `/readyz` answer, of a site and of a worker alike."""

from http import HTTPStatus


def health_answer(word: str, why: str = "") -> tuple[HTTPStatus, dict[str, str]]:
    """Status and JSON of what should be `word` ("alive", "ready"), and `why` it is not, if so."""
    if why:
        return HTTPStatus.SERVICE_UNAVAILABLE, {"status": f"not {word}", "why": why}
    return HTTPStatus.OK, {"status": word}
