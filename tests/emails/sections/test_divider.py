from collections.abc import Callable
from typing import Any


def test_a_divider_is_a_rule_in_every_form(show: Callable[..., Any]) -> None:
    shown = show(kind="divider")
    assert '<hr class="divider">' in shown.mail
    assert f"\n{' ' * 33}* * *\n" in shown.text
    assert '<hr id="divider"/>' in shown.web
