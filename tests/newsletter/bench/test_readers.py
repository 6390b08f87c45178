"""What `newsletter bench readers` and `bench signups` promise, on both databases."""

import pytest

from newsletter.bench.audience import measure_readers
from newsletter.bench.errors import Void
from newsletter.bench.signups import figures_of, measure_signups


def test_an_export_and_a_count_are_measured_whole(fresh_url: str) -> None:
    figures = measure_readers(300, fresh_url)
    assert figures["rows"] == 300
    assert figures["variants"] > 3
    assert figures["audience_ms"] > 0
    assert figures["export_seconds"] > 0
    assert figures["peak_rss_mb"] >= figures["base_rss_mb"] > 0


def test_sign_ups_are_measured_whole(fresh_url: str) -> None:
    figures = measure_signups(0.5, 4, fresh_url)
    assert figures["signups"] >= 4
    assert figures["per_second"] > 0
    assert figures["p99_ms"] >= figures["p95_ms"] >= figures["median_ms"] > 0
    assert figures["cpu_ms_per_signup"] > 0


def test_sign_ups_of_which_one_was_not_asked_to_confirm_are_no_measurement() -> None:
    asked = {"signups": 3, "seconds": 1.0}
    with pytest.raises(Void, match="Of 3 sign-ups 2"):
        figures_of(asked, {}, 2)
