import pytest

from subscribers import preferences, states, unsubscribe
from subscribers.consent import Agreement
from subscribers.errors import ImpossibleTransition, InvalidPreference, UnknownTimeZone
from subscribers.models import State, Tracking
from subscribers.states import TRANSITIONS, Act
from tests.subscribers.readers import CLICK, DAY, NOW, Readers

TOPICS = ("labs", "wire", "papers")
PAGE = Agreement(source="preferences")


def test_a_reader_sees_their_choices_and_a_masked_address(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")
    who = (reader, readers.publication_id)
    readers.do(preferences.mute, *who, ["wire", "labs"], declared=TOPICS, now=NOW)
    readers.do(preferences.set_language, *who, "pt-BR", now=NOW)
    readers.do(preferences.set_time_zone, *who, "Europe/Paris", now=NOW)
    readers.do(preferences.set_name, *who, "Ada\nL.", now=NOW)

    shown = readers.do(preferences.show, *who)

    assert (shown.address, shown.name) == ("a•••@example.org", "Ada L.")
    assert (shown.muted, shown.language, shown.time_zone) == (
        ("labs", "wire"), "pt-BR", "Europe/Paris",
    )  # fmt: skip


def test_what_there_is_not_cannot_be_chosen(readers: Readers) -> None:
    who = (readers.subscribe("ada@example.org"), readers.publication_id)

    with pytest.raises(InvalidPreference, match="no topic sport"):
        readers.do(preferences.mute, *who, ["sport"], declared=TOPICS, now=NOW)
    with pytest.raises(InvalidPreference, match="language tag"):
        readers.do(preferences.set_language, *who, "<b>", now=NOW)
    with pytest.raises(InvalidPreference, match="language tag"):
        readers.do(preferences.set_language, *who, "en" + "-latn" * 7, now=NOW)
    with pytest.raises(UnknownTimeZone, match="Mars/Olympus"):
        readers.do(preferences.set_time_zone, *who, "Mars/Olympus", now=NOW)
    with pytest.raises(InvalidPreference, match="in the future"):
        readers.do(preferences.pause, *who, until=NOW, now=NOW)


def test_a_pause_takes_effect_at_once_and_can_be_ended(readers: Readers) -> None:
    who = (readers.subscribe("ada@example.org"), readers.publication_id)

    readers.do(preferences.pause, *who, until=NOW + DAY, now=NOW)
    assert not readers.subscription("ada@example.org").mailable
    readers.do(preferences.resume, *who, now=NOW)

    subscription = readers.subscription("ada@example.org")
    assert (subscription.mailable, subscription.paused_until) == (True, None)


def test_a_pause_is_no_way_back(readers: Readers) -> None:
    who = (readers.subscribe("ada@example.org"), readers.publication_id)
    readers.do(unsubscribe.leave, *who, CLICK, now=NOW)

    with pytest.raises(ImpossibleTransition):
        readers.do(preferences.pause, *who, until=NOW + DAY, now=NOW)
    with pytest.raises(ImpossibleTransition):
        readers.do(preferences.resume, *who, now=NOW)


def test_tracking_consent_and_its_withdrawal_are_on_the_record(readers: Readers) -> None:
    who = (readers.subscribe("ada@example.org"), readers.publication_id)
    for tracking in (Tracking.LINKED, Tracking.LINKED, Tracking.OFF, Tracking.COUNTED):
        readers.do(preferences.set_tracking, *who, tracking, PAGE, now=NOW)

    recorded = [record.granted for record in readers.records() if record.kind == "tracking"]
    assert recorded == [True, False]


def test_only_the_reader_leads_out_of_unsubscribed() -> None:
    ways_back = {
        act for (state, act), to in TRANSITIONS.items()
        if state == State.UNSUBSCRIBED and to != State.UNSUBSCRIBED
    }  # fmt: skip

    assert ways_back == {Act.CONFIRM, Act.UNDO}
    with pytest.raises(ImpossibleTransition, match="unsubscribed can't pause"):
        states.after("unsubscribed", Act.PAUSE)
