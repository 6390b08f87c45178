"""Person or machine."""

import pytest

from newsletter.feedback.verdict import HitKind, Seen, Verdict, judge
from tests.newsletter.feedback.mailed import BROWSER

GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def opened(at: float = 100.0, agent: str = BROWSER, method: str = "GET") -> Seen:
    return Seen(HitKind.OPEN, None, at, method, agent)


def clicked(at: float, link: int) -> Seen:
    return Seen(HitKind.CLICK, link, at, "GET", BROWSER)


@pytest.mark.parametrize(
    ("hit", "verdict"),
    [
        (opened(), Verdict.PERSON),
        (opened(agent=GMAIL), Verdict.PROXY),
        (opened(agent="Mozilla/5.0"), Verdict.APPLE),
        (opened(agent="Mozilla/5.0 "), Verdict.APPLE),
        (opened(method="HEAD"), Verdict.HEAD),
        (opened(at=4.9), Verdict.EARLY),
        (opened(at=-3.0), Verdict.EARLY),
        (opened(at=5.0), Verdict.PERSON),
        (opened(agent=""), Verdict.SCANNER),
        (opened(agent="python-requests/2.32"), Verdict.SCANNER),
        (opened(agent="Mozilla/5.0 (compatible; bingbot/2.0)"), Verdict.SCANNER),
        (opened(agent="Mozilla/5.0 (X11) HeadlessChrome/140.0"), Verdict.SCANNER),
        (opened(agent="Microsoft Outlook 16.0; ms-office; MSOffice 16"), Verdict.PERSON),
    ],
)
def test_one_hit_is_judged_by_itself(hit: Seen, verdict: Verdict) -> None:
    assert judge([hit], arrived_at=0.0) == [verdict]


def test_only_people_and_their_proxies_are_people() -> None:
    assert {one for one in Verdict if one.is_person} == {Verdict.PERSON, Verdict.PROXY}


def test_nothing_is_early_while_the_arrival_is_unknown() -> None:
    assert judge([opened(at=0.1)], arrived_at=None) == [Verdict.PERSON]


def test_three_links_within_two_seconds_are_a_machine_and_the_click_after_is_not() -> None:
    hits = [clicked(60.0, 1), clicked(61.0, 2), clicked(62.0, 3), clicked(90.0, 1), opened(61.0)]

    burst, person = Verdict.BURST, Verdict.PERSON
    assert judge(hits, arrived_at=0.0) == [burst, burst, burst, person, person]


def test_a_double_click_and_three_links_in_three_seconds_are_a_person() -> None:
    double = [clicked(60.0, 1), clicked(60.1, 1), clicked(60.2, 1), clicked(60.3, 2)]
    slow = [clicked(80.0, 1), clicked(81.5, 2), clicked(83.0, 3)]

    assert set(judge([*double, *slow], arrived_at=0.0)) == {Verdict.PERSON}
