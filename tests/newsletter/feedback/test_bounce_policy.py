"""What a bounce means, by itself and with those before it."""

import pytest

from newsletter.feedback.bounce_policy import DAY, Past, classify, enhanced_code, is_worn_out
from newsletter.feedback.events import BounceKind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("5.1.1", BounceKind.HARD),
        ("5.1.10", BounceKind.HARD),
        ("5.2.1", BounceKind.HARD),
        ("4.2.2", BounceKind.SOFT),
        ("5.2.2", BounceKind.SOFT),
        ("5.3.0", BounceKind.SOFT),
        ("5.4.4", BounceKind.SOFT),
        ("5.7.26", BounceKind.BLOCK),
        ("5.7.515", BounceKind.BLOCK),
        ("5.2.3", BounceKind.MESSAGE),
        ("5.3.4", BounceKind.MESSAGE),
        ("5.6.0", BounceKind.MESSAGE),
        ("5.1.8", BounceKind.SOFT),
        ("5.9.9", BounceKind.SOFT),
        ("4.0.0", BounceKind.SOFT),
    ],
)
def test_the_code_decides_whatever_the_provider_says(code: str, kind: BounceKind) -> None:
    assert classify(code, BounceKind.HARD) == kind
    assert classify(code, BounceKind.BLOCK) == kind


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("550 5.1.1 no such user", "5.1.1"),
        ("550-5.1.1 no such user.", "5.1.1"),
        ("(#5.1.1)", "5.1.1"),
        ("5.0.0", "5.0.0"),
        ("5.0.0 smtp; 552 5.2.2 full", "5.2.2"),
        ("refused by 5.1.1.9 and 15.1.1 and 5.1.1234", None),
        ("550 no", None),
    ],
)
def test_codes_are_found_in_words(text: str, code: str | None) -> None:
    assert enhanced_code(text) == code


def soft(day: float, edition: int) -> Past:
    return Past(edition, "bounced", "soft", day * DAY)


def test_three_different_days_of_soft_bounces_are_enough() -> None:
    assert is_worn_out([soft(100, 1), soft(101, 2), soft(129, 3)])


def test_one_bad_day_is_not() -> None:
    assert not is_worn_out([soft(100.1, 1), soft(100.2, 2), soft(100.3, 3), soft(101, 4)])


def test_what_lies_more_than_thirty_days_back_is_forgotten() -> None:
    assert not is_worn_out([soft(100, 1), soft(101, 2), soft(131, 3)])


def test_a_delivery_in_between_starts_the_count_anew() -> None:
    delivered = Past(9, "delivered", None, 101.5 * DAY)

    assert not is_worn_out([soft(100, 1), soft(101, 2), delivered, soft(102, 3)])


def test_a_delivery_that_bounced_after_all_does_not() -> None:
    taken = [Past(edition, "delivered", None, (99.9 + edition) * DAY) for edition in (1, 2, 3)]

    assert is_worn_out([*taken, soft(101, 1), soft(102, 2), soft(103, 3)])
