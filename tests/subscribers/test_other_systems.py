"""Exports of other systems import as they are, and those who left them stay away.

The files have the columns and the spellings of the real ones, and invented people.
"""

from pathlib import Path

import pytest

from subscribers.imports import ImportAs, ImportReport
from tests.subscribers.readers import DAY, NOW, Readers

EXPORTS = Path(__file__).parent / "exports"


def standing(readers: Readers, email: str) -> tuple[str, bool]:
    found = readers.subscription(email)
    return found.state, found.mailable


@pytest.fixture
def from_ghost(readers: Readers) -> Readers:
    report = readers.bring_in(EXPORTS / "ghost-members.csv", consent="moved from Ghost")
    assert report == ImportReport(rows=4, added=4, added_active=2, added_unsubscribed=2)
    return readers


def test_ghosts_members_keep_their_standing(from_ghost: Readers) -> None:
    assert standing(from_ghost, "ada@example.org") == ("active", True)
    assert standing(from_ghost, "bob@example.com") == ("unsubscribed", False)
    assert standing(from_ghost, "chloe@example.net") == ("active", True)
    assert standing(from_ghost, "dan@example.org") == ("unsubscribed", False)


def test_ghosts_members_keep_what_was_known_of_them(from_ghost: Readers) -> None:
    ada, chloe = (from_ghost.subscriber(who) for who in ("ada@example.org", "chloe@example.net"))
    assert (ada.name, ada.tags) == ("Ada Lovelace", ["vip", "fair"])
    assert ada.attributes["note"] == "met at the fair"
    assert ada.attributes["tiers"] == "Supporter"
    assert (chloe.name, chloe.attributes["note"]) == ('Chloé "Clo" Martin', "line one\nline two")
    joined = from_ghost.subscription("ada@example.org").created_at
    assert joined == 1_662_054_791.0  # 2022-09-01T17:53:11Z


@pytest.fixture
def from_listmonk(readers: Readers) -> Readers:
    """Everybody, and then those who left the list: listmonk keeps that apart."""
    report = readers.bring_in(EXPORTS / "listmonk-subscribers.csv", consent="moved from listmonk")
    assert report == ImportReport(
        rows=4, added=4, added_active=2, added_unsubscribed=1, added_do_not_mail=1
    )
    left = readers.bring_in(
        EXPORTS / "listmonk-unsubscribed.csv", consent="left there",
        import_as=ImportAs.UNSUBSCRIBED,
    )  # fmt: skip
    assert left == ImportReport(rows=1, updated=1)
    return readers


def test_listmonks_subscribers_keep_their_standing(from_listmonk: Readers) -> None:
    assert standing(from_listmonk, "ada@example.org") == ("active", True)
    assert standing(from_listmonk, "bob@example.com") == ("unsubscribed", False)
    assert standing(from_listmonk, "chloe@example.net") == ("unsubscribed", False)
    assert standing(from_listmonk, "dan@example.org") == ("unsubscribed", False)
    [blocked] = from_listmonk.suppressions()
    assert (blocked.email_key, blocked.reason) == ("bob@example.com", "imported")


def test_listmonks_subscribers_keep_attributes_and_dates(from_listmonk: Readers) -> None:
    ada = from_listmonk.subscriber("ada@example.org")
    assert ada.attributes == {"city": "London", "tags": ["vip"], "age": 36}
    created = {
        who: from_listmonk.subscription(who).created_at
        for who in ("ada@example.org", "bob@example.com", "chloe@example.net")
    }
    assert created == {
        "ada@example.org": 1_619_863_872.123456,
        "bob@example.com": 1_583_128_800.0,
        "chloe@example.net": 1_577_836_799.5,
    }


@pytest.mark.parametrize("name", ["ghost-members.csv", "listmonk-subscribers.csv"])
def test_importing_the_old_systems_file_again_brings_nobody_back(
    readers: Readers, name: str
) -> None:
    readers.bring_in(EXPORTS / name)
    again = readers.bring_in(EXPORTS / name, now=NOW + DAY)
    assert (again.rows, again.added, again.updated, again.rejected) == (4, 0, 0, 0)
    assert standing(readers, "bob@example.com") == ("unsubscribed", False)
