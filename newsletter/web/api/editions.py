"""Editions come in as files, are listed and looked at."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlmodel import Session
from starlette.responses import Response

from emails.issue_files import IssueFile, parse_issue
from newsletter.accounts import audit
from newsletter.dispatch.alerts import alert_of_import
from newsletter.dispatch.progress import progress
from newsletter.editions.library import Imported, import_issue, list_editions
from newsletter.publications import Publication, find_publication
from newsletter.web.api.answers import (
    EditionAnswer,
    ImportAnswer,
    ProblemAnswer,
    ProgressAnswer,
)
from newsletter.web.api.caller import EditionsTool, for_editions
from newsletter.web.api.edition_path import At, at_both_addresses
from newsletter.web.api.failures import as_json
from newsletter.web.house import Here, House

CREATED = 201
BODY = {
    "requestBody": {
        "required": True,
        "description": "An edition file, as YAML or as JSON.",
        "content": {
            "application/yaml": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}

_one = APIRouter()
_all = APIRouter()


async def raw_body(request: Request) -> bytes:
    """The body as it came; its size is bounded by `body_limit`."""
    return await request.body()


@_all.post("/editions", openapi_extra=BODY, status_code=CREATED)
def import_edition(
    house: Here,
    caller: EditionsTool,
    request: Request,
    body: Annotated[bytes, Depends(raw_body)],
    response: Response,
) -> ImportAnswer:
    """Store an edition file: 201 for a new edition, 200 for a revision of one.

    422 with every error in the file at once; nothing is stored then.
    """
    file = parse_issue(body, name="edition")

    def work(session: Session) -> Imported:
        publication = _publication_of(session, house, request, file)
        now = house.now()
        imported = import_issue(
            session,
            publication,
            file.issue,
            source=body.decode("utf-8-sig"),
            author=caller.name,
            now=now,
        )
        alert_of_import(session, imported, now=now)
        audit.record(
            session,
            actor=caller.name,
            act="edition.import",
            subject=f"edition {imported.edition.name}",
            now=now,
            revision=imported.edition.revision,
            changed=imported.changed,
            voided=imported.voided,
        )
        return imported

    imported = house.database.transact(work)
    response.status_code = CREATED if imported.created else 200
    return ImportAnswer(
        edition=EditionAnswer.of(imported.edition),
        created=imported.created,
        changed=imported.changed,
        voided=imported.voided,
        warnings=[ProblemAnswer(**as_json(problem)) for problem in file.warnings],
    )


@_all.get("/editions", dependencies=[Depends(for_editions)])
def list_all(
    house: Here,
    request: Request,
    publication: Annotated[str | None, Query(description="A publication's slug.")] = None,
) -> list[EditionAnswer]:
    """Every edition, newest first."""
    with house.database.reading() as session:
        owner = (
            find_publication(session, publication)
            if publication
            else house.publication(session, request)
        )
        return [EditionAnswer.of(edition) for edition in list_editions(session, owner.key)]


@_one.get("", dependencies=[Depends(for_editions)])
def show_edition(house: Here, at: At) -> ProgressAnswer:
    """One edition and how far its sending has come."""
    with house.database.reading() as session:
        _, edition = at.find(session, house, lock=False)
        state = progress(session, edition, provider=house.settings.provider, now=house.now())
        return ProgressAnswer.with_progress(edition, state)


def _publication_of(
    session: Session, house: House, request: Request, file: IssueFile
) -> Publication:
    """The publication that the file names, else the Host header's."""
    if file.issue.publication is not None:
        return find_publication(session, file.issue.publication)
    return house.publication(session, request)


router = APIRouter(tags=["editions"])
router.include_router(_all)
router.include_router(at_both_addresses(_one))
