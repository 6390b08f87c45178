"""The mails that were taken last, to look at: content once a request, values per reader."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Content:
    """What the messages of a request share, slot words in place."""

    subject: str
    sender: str
    html: str
    text: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as its reader gets it."""

    id: str
    email: str
    at: float
    arguments: Mapping[str, str]
    own_headers: Mapping[str, str]
    substitutions: Mapping[str, str]
    content: Content

    @property
    def subject(self) -> str:
        return self._filled(self.content.subject)

    @property
    def html(self) -> str:
        return self._filled(self.content.html)

    @property
    def text(self) -> str:
        return self._filled(self.content.text)

    @property
    def headers(self) -> dict[str, str]:
        return {**self.content.headers, **self.own_headers}

    def summary(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "to": self.email,
            "from": self.content.sender,
            "subject": self.subject,
            "at": self.at,
            **self.arguments,
        }

    def whole(self) -> dict[str, Any]:
        return {**self.summary(), "headers": self.headers, "html": self.html, "text": self.text}

    def _filled(self, template: str) -> str:
        for word, value in self.substitutions.items():
            template = template.replace(word, value)
        return template


class Mailroom:
    """Keeps the last `kept` mails."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._mails: OrderedDict[str, Mail] = OrderedDict()

    def add(self, mails: list[Mail]) -> None:
        for mail in mails:
            self._mails[mail.id] = mail
        while len(self._mails) > self._kept:
            self._mails.popitem(last=False)

    def get(self, mail_id: str) -> Mail | None:
        return self._mails.get(mail_id)

    def find(self, words: str) -> Iterator[Mail]:
        """The mails, newest first, whose address, subject or arguments hold `words`."""
        wanted = words.lower()
        for mail in reversed(self._mails.values()):
            place = " ".join((mail.email, mail.subject, *mail.arguments.values())).lower()
            if wanted in place:
                yield mail


def content_of(body: Mapping[str, Any]) -> Content:
    parts = {part["type"]: part["value"] for part in body["content"]}
    sender = body["from"]
    return Content(
        subject=body["subject"],
        sender=f"{sender['name']} <{sender['email']}>" if sender.get("name") else sender["email"],
        html=parts.get("text/html", ""),
        text=parts.get("text/plain", ""),
        headers=body.get("headers") or {},
    )


def mails_of(body: Mapping[str, Any], request: str, at: float) -> list[Mail]:
    """One mail for each recipient of a request that broke no limit."""
    content = content_of(body)
    common = body.get("custom_args") or {}
    return [
        Mail(
            id=f"{request}.{position}",
            email=personalization["to"][0]["email"],
            at=at,
            arguments={**common, **(personalization.get("custom_args") or {})},
            own_headers=personalization.get("headers") or {},
            substitutions=personalization.get("substitutions") or {},
            content=content,
        )
        for position, personalization in enumerate(body["personalizations"])
    ]
