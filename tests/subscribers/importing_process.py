"""An import in a process of its own, to be killed: says after each chunk how far it has come."""

import json
import sys
from pathlib import Path

from sqlmodel import Session

import newsletter.tables  # noqa: F401 - what the foreign keys refer to
from newsletter.database import Database
from subscribers import imports
from subscribers.imports import ImportPlan
from tests.subscribers.readers import NOW, hash_of


def main(url: str, path: str, publication_id: int, chunk: int) -> None:
    imports.CHUNK = chunk
    with Database(url).importing() as sessions:
        imports.import_readers(
            sessions,
            Path(path),
            ImportPlan(publication_id, "asked at the fair"),
            rejected=None,
            hash_of=hash_of,
            now=NOW,
            checkpoint=Session.commit,
            progress=lambda done, _total: print(done, flush=True),
        )


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
