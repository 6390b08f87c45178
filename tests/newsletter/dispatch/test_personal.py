"""What an editor asks of the reader is there for each of them, by every provider, and by no other way."""

import email
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage

from sqlalchemy import event
from sqlmodel import Session

from newsletter.database import Database
from newsletter.dispatch.trial import make_test
from newsletter.editions.models import Edition
from newsletter.providers.base import Mailing
from newsletter.providers.messages import Messages
from newsletter.providers.sendgrid_request import mail_send
from newsletter.publications import Publication
from newsletter.sandbox.standin.limits import violations
from newsletter.sandbox.standin.mailroom import mails_of
from subscribers.readers import find_by_key
from tests.newsletter.dispatch.desk import SITE, Desk, ScriptedProvider

PERSONAL = {
    "subject": "{{ reader.first_name | Friend }}, the ferry is late",
    "sections": [
        {
            "kind": "essay",
            "body": "Dear **{{ reader.name | reader }}** of {{ reader.attributes.city | your city }}"
            " ({{ reader.tags | no tags }}): [read](https://labs.example/1).",
        }
    ],
}
NASTY = "<b>\"Eve\"</b> & 'co'\r\nBcc: {{reader:name}} \u202eשלום 🎉"
SHOWN = "<b>\"Eve\"</b> & 'co' Bcc: {{reader:name}} שלום 🎉"


def messages(provider: ScriptedProvider) -> dict[str, EmailMessage]:
    """What folder and SMTP write, read as a mail program reads it, by address."""
    made = Messages()
    return {
        recipient.email: email.message_from_bytes(
            made.of(mailing)(recipient), policy=policy.default
        )
        for mailing in provider.mailings
        for recipient in mailing.recipients
    }


def add(desk: Desk, address: str, **values: object) -> None:
    desk.add_reader(address)
    with desk.database.writing() as session:
        reader = find_by_key(session, address)
        assert reader is not None
        reader.sqlmodel_update(values)
        session.add(reader)


def send(desk: Desk, provider: ScriptedProvider, **changes: object) -> None:
    edition_id = desk.edition(**changes)
    desk.freeze(edition_id)
    desk.run(provider)


def content(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    text = body.get_content()
    assert isinstance(text, str)
    return text


def test_everybody_gets_their_own_and_who_has_none_the_fallback(
    desk: Desk, provider: ScriptedProvider
) -> None:
    add(desk, "ada@example.com", name="Ada Example", attributes={"city": "Kiel"}, tags=["a", "b"])
    desk.add_reader("bob@example.com")

    send(desk, provider, **PERSONAL)

    mails = messages(provider)
    ada, bob = mails["ada@example.com"], mails["bob@example.com"]
    assert ada["Subject"] == "Ada, the ferry is late"
    assert bob["Subject"] == "Friend, the ferry is late"
    assert "Dear Ada Example of Kiel (a, b): read" in content(ada, "plain")
    assert "Dear reader of your city (no tags): read" in content(bob, "plain")
    assert "Dear <strong>Ada Example</strong> of Kiel (a, b)" in content(ada, "html")
    assert "Dear <strong>reader</strong> of your city (no tags)" in content(bob, "html")


def test_a_nasty_name_stays_text_in_folder_and_smtp(desk: Desk, provider: ScriptedProvider) -> None:
    add(
        desk,
        "eve@example.com",
        name=NASTY,
        attributes={"city": "x" * 10_000},
        tags=["{{reader.name}}"],
    )

    send(desk, provider, **PERSONAL)

    [eve] = messages(provider).values()
    assert eve["Bcc"] is None
    assert eve["Subject"] == '<b>"Eve"</b>, the ferry is late'
    text = content(eve, "plain")
    assert f"Dear {SHOWN} of xxx" in text
    assert "({{reader.name}})" in text
    html = content(eve, "html")
    assert "<b>" not in html
    assert "Dear <strong>&lt;b&gt;&quot;Eve&quot;&lt;/b&gt; &amp; &#x27;co&#x27; Bcc:" in html
    assert len(html) < 90_000
    assert "x" * 101 not in html


def test_sendgrid_gets_the_same_as_substitutions(desk: Desk, provider: ScriptedProvider) -> None:
    add(desk, "eve@example.com", name=NASTY, attributes={"city": "🎉" * 10_000}, tags=["<i>"])
    desk.add_reader("bob@example.com")

    send(desk, provider, **PERSONAL)

    bodies = [mail_send(mailing, sandbox=False) for mailing in provider.mailings]
    assert [list(violations(body)) for body in bodies] == [[]] * len(bodies)
    mails = {mail.email: mail for body in bodies for mail in mails_of(body, "r", 0.0)}
    for address, written in messages(provider).items():
        mail = mails[address]
        assert mail.subject == written["Subject"]
        assert mail.html.splitlines() == content(written, "html").splitlines()
        assert mail.text.splitlines() == content(written, "plain").splitlines()


def test_a_change_counts_for_whatever_is_not_yet_handed_off(
    desk: Desk, provider: ScriptedProvider
) -> None:
    add(desk, "ada@example.com", name="Adda")
    edition_id = desk.edition(**PERSONAL)
    desk.freeze(edition_id)
    with desk.database.writing() as session:
        ada = find_by_key(session, "ada@example.com")
        assert ada is not None
        ada.name = "Ada"
        session.add(ada)

    desk.run(provider)

    [mail] = messages(provider).values()
    assert mail["Subject"] == "Ada, the ferry is late"


def test_a_test_mail_shows_the_fallbacks(desk: Desk, provider: ScriptedProvider) -> None:
    add(desk, "ada@example.com", name="Ada")
    edition_id = desk.edition(**PERSONAL)

    def work(session: Session) -> Mailing:
        edition = session.get_one(Edition, edition_id)
        publication = session.get_one(Publication, desk.publication_id)
        return make_test(session, edition, publication, SITE, "ada@example.com")

    provider.submit(desk.database.transact(work))

    [mail] = messages(provider).values()
    assert mail["Subject"] == "Friend, the ferry is late"
    assert "Dear reader of your city (no tags)" in content(mail, "plain")


def test_an_edition_that_asks_nothing_reads_no_names(
    desk: Desk, provider: ScriptedProvider
) -> None:
    desk.add_readers(3)
    with statements(desk.database) as asked:
        send(desk, provider)
    assert not [one for one in asked if "attributes" in one]
    with statements(desk.database) as asked:
        send(desk, provider, slug="second", **PERSONAL)
    assert len([one for one in asked if "attributes" in one]) == 2  # approval, and one window


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL that is run meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)
