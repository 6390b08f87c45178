import pytest
from sqlmodel import select

from newsletter.accounts import tokens
from newsletter.accounts.models import ApiToken
from newsletter.database import Database
from newsletter.errors import NotFound, TokenError

NOW = 1_800_000_000.0


def test_a_token_authenticates_and_is_stored_only_as_a_hash(database: Database) -> None:
    with database.writing() as session:
        made = tokens.create(session, name="desk", now=NOW)
    with database.reading() as session:
        assert tokens.authenticate(session, made.text).name == "desk"
        stored = session.exec(select(ApiToken)).one()
    assert made.text.startswith("nl_")
    assert made.text not in stored.model_dump_json()
    assert made.text.removeprefix("nl_") not in stored.model_dump_json()


def test_two_tokens_of_one_name_differ(database: Database) -> None:
    with database.writing() as session:
        one = tokens.create(session, name="desk", now=NOW)
        other = tokens.create(session, name="desk", now=NOW)
    assert one.text != other.text


@pytest.mark.parametrize("presented", ["", "nl_", "nl_guess", "\ud800", "x" * 10_000])
def test_a_guess_is_refused(database: Database, presented: str) -> None:
    with database.writing() as session:
        tokens.create(session, name="desk", now=NOW)
    with database.reading() as session, pytest.raises(TokenError):
        tokens.authenticate(session, presented)


def test_the_stored_hash_is_no_token(database: Database) -> None:
    with database.writing() as session:
        tokens.create(session, name="desk", now=NOW)
        stored = session.exec(select(ApiToken)).one().hash
        with pytest.raises(TokenError):
            tokens.authenticate(session, stored)


def test_a_revoked_token_is_refused_and_keeps_its_first_date(database: Database) -> None:
    with database.writing() as session:
        made = tokens.create(session, name="desk", now=NOW)
        tokens.revoke(session, made.id, now=NOW + 1)
        tokens.revoke(session, made.id, now=NOW + 2)
    with database.reading() as session:
        assert [one.revoked_at for one in tokens.list_tokens(session)] == [NOW + 1]
        with pytest.raises(TokenError):
            tokens.authenticate(session, made.text)


def test_revoking_what_is_not_there_says_so(database: Database) -> None:
    with database.writing() as session, pytest.raises(NotFound, match="token list"):
        tokens.revoke(session, 7, now=NOW)


def test_use_is_noted_once_a_minute(database: Database) -> None:
    with database.writing() as session:
        made = tokens.create(session, name="desk", now=NOW)
        token = tokens.authenticate(session, made.text)
        assert token.is_use_due(now=NOW)
        tokens.note_use(session, made.id, now=NOW)
    with database.reading() as session:
        token = tokens.authenticate(session, made.text)
        assert not token.is_use_due(now=NOW + 59)
        assert token.is_use_due(now=NOW + 60)
