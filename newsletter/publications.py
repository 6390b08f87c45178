"""Publications: who writes, as whom, to whom, by which rules."""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import JSON, Column
from sqlmodel import Field, Session, SQLModel, select

from emails.brand import Brand, Colours, Look, Topic
from emails.headers import parse_mailbox
from newsletter.errors import NotFound
from newsletter.settings import PublicationSettings


class Publication(SQLModel, table=True):
    """One publication; `newsletter init` stores it from `newsletter.toml`."""

    __tablename__ = "publication"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    sender: str
    """Address or `Name <address>`."""
    reply_to: str | None = None
    postal_address: str = ""
    logo: str | None = None
    colours: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    look: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """The fields of `emails.brand.Look`."""
    time_zone: str = "UTC"
    language: str = "en"
    host: str | None = Field(default=None, unique=True)
    """The Host header that picks this publication where there are several."""
    topics: list[dict[str, str]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    """`[{"key": …, "label": …}]` in the order that readers see."""
    tracking: str = "consent"
    """consent: each reader's choice; counted, off: never more than that; linked: the law allows."""
    unsure: str = "ask"
    """What becomes of unsure deliveries after the wait: ask, resend, assume-sent."""

    @property
    def key(self) -> int:
        """The primary key of a stored publication."""
        if self.id is None:
            raise NotFound("This publication is not stored yet.")
        return self.id

    @property
    def sender_domain(self) -> str:
        return parse_mailbox("The sender", self.sender).domain

    @property
    def topic_keys(self) -> tuple[str, ...]:
        return tuple(topic["key"] for topic in self.topics)

    def brand(self, base_url: str) -> Brand:
        """The publication as the composer sees it."""
        return Brand(
            name=self.name,
            sender=self.sender,
            reply_to=self.reply_to,
            postal_address=self.postal_address,
            logo=self.logo,
            colours=Colours.model_validate(self.colours),
            site_url=self.site_url(base_url),
            topics=tuple(Topic(**topic) for topic in self.topics),
            language=self.language,
            **self.look,
        )

    def site_url(self, base_url: str) -> str:
        """Where readers find this publication: its own host, else the base URL."""
        if self.host is None:
            return base_url
        return f"{urlsplit(base_url).scheme}://{self.host}"


def store_publication(session: Session, wanted: PublicationSettings) -> Publication:
    """Create the publication, or bring a stored one up to date; can be repeated."""
    publication = session.exec(
        select(Publication).where(Publication.slug == wanted.slug)
    ).one_or_none()
    values = wanted.model_dump(mode="json")
    values["look"] = {name: values.pop(name) for name in Look.model_fields}
    if publication is None:
        publication = Publication(**values)
    else:
        publication.sqlmodel_update(values)
    session.add(publication)
    session.flush()
    return publication


def find_publication(session: Session, slug: str | None = None) -> Publication:
    """Return the publication of that slug; without one, the only publication there is.

    Raises:
        NotFound: none, or several and no slug; says which there are.
    """
    stored = session.exec(select(Publication).order_by(Publication.slug)).all()
    if not stored:
        raise NotFound("There is no publication yet. Run `newsletter init`.")
    wanted = [one for one in stored if slug in {None, one.slug}]
    if len(wanted) == 1:
        return wanted[0]
    names = ", ".join(one.slug for one in stored)
    if slug is not None:
        raise NotFound(f"There is no publication “{slug}”. There is: {names}.")
    raise NotFound(f"There are several publications ({names}): name one.")


def publication_for_host(session: Session, host: str) -> Publication:
    """Return the publication whose own host this is, else the one without a host of its own."""
    name = host.rpartition(":")[0] or host if not host.endswith("]") else host
    publications = session.exec(select(Publication).order_by(Publication.slug)).all()
    for publication in publications:
        if publication.host in {host, name}:
            return publication
    if len(publications) == 1:
        return publications[0]
    for publication in publications:
        if publication.host is None:
            return publication
    raise NotFound("No publication answers under this name.")
