"""The stand-in refuses what SendGrid refuses."""

import time
from typing import Any

import pytest

from newsletter.sandbox.standin.limits import violations


def person(**changes: Any) -> dict[str, Any]:
    return {"to": [{"email": "ada@example.com"}], **changes}


def fields(body: Any) -> list[str | None]:
    return [error["field"] for error in violations(body)]


def test_a_good_request_breaks_no_limit(body: Any) -> None:
    assert violations(body(1000)) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": None}, "personalizations"),
        ({"personalizations": [person()] * 2}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "no"}]}]}, "personalizations.0.to.0.email"),
        (
            {"personalizations": [person(custom_args={"nl_delivery": 1})]},
            "personalizations.0.custom_args",
        ),
        (
            {"personalizations": [person(substitutions={"x": 2})]},
            "personalizations.0.substitutions",
        ),
        (
            {"personalizations": [person(substitutions={"x": "y" * 10_001})]},
            "personalizations.0.substitutions",
        ),
        (
            {"personalizations": [person(headers={"Subject": "x"})]},
            "personalizations.0.headers.Subject",
        ),
        (
            {"personalizations": [{"to": [{"email": "a@example.com", "name": "A; B"}]}]},
            "personalizations.0.to.0.email",
        ),
        ({"from": {"email": "nobody"}}, "from.email"),
        ({"from": None}, "from.email"),
        ({"reply_to": {}}, "reply_to.email"),
        ({"subject": ""}, "subject"),
        ({"content": None}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        (
            {
                "content": [
                    {"type": "text/html", "value": "x"},
                    {"type": "text/plain", "value": "x"},
                ]
            },
            "content",
        ),
        ({"categories": ["x"] * 11}, "categories"),
        ({"custom_args": {"nl_batch": 7}}, "custom_args"),
        ({"headers": {"X-Ok": "a\r\nBcc: b"}}, "headers.X-Ok"),
        ({"send_at": time.time() + 73 * 3600}, "send_at"),
    ],
)
def test_a_limit_crossed_is_named_by_its_field(
    body: Any, changes: dict[str, Any], field: str
) -> None:
    assert fields(body(**changes)) == [field]


def test_a_thousand_and_one_personalizations_are_too_many(body: Any) -> None:
    assert fields(body(1001)) == ["personalizations"]


def test_what_is_no_object_is_a_bad_request() -> None:
    assert violations([])[0]["message"] == "Bad Request"
