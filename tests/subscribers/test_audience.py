from subscribers import audience, preferences, suppression, unsubscribe
from subscribers.audience import Group, NotMailable
from subscribers.models import SuppressionReason, Tracking
from tests.subscribers.readers import CLICK, DAY, NOW, Readers, standings


def test_an_audience_is_counted_by_what_its_readers_chose(readers: Readers) -> None:
    readers.subscribe("ada@example.org", tracking=Tracking.LINKED)
    quiet = readers.subscribe("bob@gmail.com")
    readers.ask("pending@example.org")
    gone = readers.subscribe("gone@example.org")
    readers.do(unsubscribe.leave, gone, readers.publication_id, CLICK, now=NOW)
    topics = {"papers", "labs"}
    readers.do(preferences.mute, quiet, readers.publication_id, topics, declared=topics, now=NOW)

    assert readers.do(audience.count, readers.publication_id) == 2
    assert readers.do(audience.groups, readers.publication_id) == (
        Group("counted", "labs papers", 1),
        Group("linked", "", 1),
    )


def test_hand_off_learns_why_somebody_is_left_out(readers: Readers) -> None:
    fine, left, bounced, resting = (
        readers.subscribe(f"{who}@example.org") for who in ("fine", "left", "bounced", "resting")
    )
    publication = readers.publication_id
    readers.do(unsubscribe.leave, left, publication, CLICK, now=NOW)
    readers.do(suppression.suppress, "bounced@example.org", SuppressionReason.HARD_BOUNCE, now=NOW)
    readers.do(preferences.pause, resting, publication, until=NOW + DAY, now=NOW)

    found = readers.do(standings, publication, [fine, left, bounced, resting, 4711])

    assert {who: standing.reason for who, standing in found.items()} == {
        fine: None,
        left: NotMailable.UNSUBSCRIBED,
        bounced: NotMailable.SUPPRESSED,
        resting: NotMailable.PAUSED,
        4711: NotMailable.ERASED,
    }
    assert found[fine].email == "fine@example.org"


def test_a_pause_ends_by_itself(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")
    readers.do(preferences.pause, reader, readers.publication_id, until=NOW + DAY, now=NOW)

    assert readers.do(preferences.resume_due, now=NOW + DAY - 1) == 0
    assert not readers.subscription("ada@example.org").mailable
    assert readers.do(preferences.resume_due, now=NOW + DAY) == 1
    assert readers.subscription("ada@example.org").mailable


def test_groups_count_everybody_once_by_tracking_and_muted_topics(readers: Readers) -> None:
    topics = ["labs", "papers"]
    readers.bring_in(
        "email,tracking_consent,muted\n"
        "a@x.example,yes,\nb@x.example,yes,\nc@x.example,no,papers labs\nd@x.example,,labs\n"
        "e@x.example,,\nf@x.example,no,labs\ng@x.example,yes,labs\n"
    )
    gone = readers.subscription("g@x.example").subscriber_id
    readers.do(unsubscribe.leave, gone, readers.publication_id, CLICK, now=NOW)
    one = readers.subscription("b@x.example").subscriber_id
    readers.do(
        preferences.mute, one, readers.publication_id, topics, declared=topics, now=NOW
    )  # fmt: skip

    found = readers.do(audience.groups, readers.publication_id)

    assert [(group.tracking, group.muted, group.readers) for group in found] == [
        ("counted", "", 1),
        ("counted", "labs", 1),
        ("linked", "", 1),
        ("linked", "labs papers", 1),
        ("off", "labs", 1),
        ("off", "labs papers", 1),
    ]
    assert sum(group.readers for group in found) == readers.do(
        audience.count, readers.publication_id
    )
