"""What a reader's own notices say: in their language, with a link for one purpose."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from newsletter.database import Database
from newsletter.dispatch.notices import NoticeSender
from newsletter.dispatch.pacing import Pace
from newsletter.dispatch.queue import queue_notice
from newsletter.providers.base import Mailing
from newsletter.publications import Publication
from newsletter.settings import Settings
from newsletter.site import Site
from newsletter.tokens import Purpose
from subscribers.models import Subscriber
from tests.newsletter.dispatch.desk import Desk, ScriptedProvider

SECRET = "a secret for notices"


@dataclass
class Post:
    """Sends notices to one reader and shows what went out."""

    database: Database
    desk: Desk
    settings: Settings

    def reader(self, **values: str) -> int:
        number = int(re.sub(r"\D", "", self.desk.add_readers(1)[0]))
        with self.database.writing() as session:
            session.get_one(Subscriber, number).sqlmodel_update(values)
        return number

    def send(self, kind: str, reader: int, *, epoch: int = 4) -> Mailing:
        with self.database.writing() as session:
            queue_notice(
                session, publication_id=self.desk.publication_id, kind=kind, now=0.0,
                email="ada@example.org", subscriber_id=reader, data={"epoch": epoch},
            )  # fmt: skip
        provider = ScriptedProvider()
        assert NoticeSender(self.database, provider, self.settings, pace=Pace(0)).step() == 1
        [mailing] = provider.mailings
        return mailing


@pytest.fixture
def post(database: Database, publication_id: int, tmp_path: Path) -> Post:
    settings = Settings(
        secret_key=SecretStr(SECRET), base_url="https://ledger.example", mail_folder=tmp_path
    )
    return Post(database, Desk(database, publication_id), settings)


@pytest.mark.parametrize(
    ("kind", "path", "purpose"),
    [
        ("preferences", "preferences", Purpose.MANAGE),
        ("copy", "my-data/copy", Purpose.COPY),
        ("erasure", "my-data/erasure", Purpose.ERASURE),
    ],
)
def test_a_fresh_link_is_for_one_purpose_and_a_day(
    post: Post, kind: str, path: str, purpose: Purpose
) -> None:
    reader = post.reader()
    text = post.send(kind, reader).composition.text
    found = re.search(rf"https://ledger\.example/{path}/([\w-]+)", text)
    assert found is not None
    now = post.database.now()
    *numbers, expiry = Site.of(post.settings).signer.read(purpose, found[1])
    assert numbers == [post.desk.publication_id, reader, 4]
    assert 86_300 < expiry - now <= 86_400


def test_a_reader_is_written_to_in_their_language_else_in_the_publications(post: Post) -> None:
    with post.database.writing() as session:
        session.get_one(Publication, post.desk.publication_id).language = "de"
    subjects = [
        post.send("welcome", post.reader(language=tag)).composition.subject
        for tag in ("fr-CA", "", "ja")
    ]
    assert subjects == [
        "Bienvenue à The Inference Ledger",
        "Willkommen bei The Inference Ledger",
        "Welcome to The Inference Ledger",
    ]
