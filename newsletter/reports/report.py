"""One edition's report: what became of it, in numbers that can be added up."""

import datetime as dt
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add
from typing import Any

from sqlmodel import Session

from newsletter.editions.models import Edition
from newsletter.reports.counters import (
    bounce_reasons,
    counted_opens,
    exclusion_reasons,
    figures_by_lane,
    link_figures,
    refusal_reasons,
)
from newsletter.reports.figures import DeliveryFigures, LinkFigures, Reason, Tally


@dataclass(frozen=True)
class EditionReport:
    """Everything that is known of an edition's way, at one moment."""

    edition: str
    date: dt.date
    title: str
    status: str
    started_at: float | None
    finished_at: float | None
    total: DeliveryFigures
    lanes: dict[str, DeliveryFigures]
    """By recipient domain group."""
    bounces: tuple[Reason, ...]
    refusals: tuple[Reason, ...]
    exclusions: tuple[Reason, ...]
    counted_opens: Tally
    """Requests for the pixel by readers who are only counted: one reader may be several."""
    links: tuple[LinkFigures, ...]
    bounces_return: bool = False
    """Whether bounces that come back by mail are read."""

    def knows_bounces(self, figures: DeliveryFigures) -> bool:
        """Whether bounces and complaints among these would have been told."""
        return self.bounces_return or figures.is_reported or bool(figures.bounced)

    @property
    def clicks(self) -> int:
        """Every click by a person, of readers known and counted."""
        return sum(link.people for link in self.links)

    @property
    def clicks_machine(self) -> int:
        return sum(link.machine for link in self.links)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON types; the figures of the whole stand at the top level."""
        return {
            "edition": self.edition,
            "date": self.date.isoformat(),
            "title": self.title,
            "status": self.status,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            **asdict(self.total),
            "opens_counted": self.counted_opens.people,
            "opens_counted_machine": self.counted_opens.machine,
            "clicks": self.clicks,
            "clicks_machine": self.clicks_machine,
            "bounces": [asdict(reason) for reason in self.bounces],
            "refusals": [asdict(reason) for reason in self.refusals],
            "exclusions": [asdict(reason) for reason in self.exclusions],
            "links": [_link(link) for link in self.links],
            "lanes": {lane: asdict(figures) for lane, figures in self.lanes.items()},
        }


def edition_report(
    session: Session, edition: Edition, *, bounces_return: bool = False
) -> EditionReport:
    """Count one edition. Six statements, one of them over all deliveries."""
    lanes = figures_by_lane(session, edition.key)
    return EditionReport(
        edition=edition.name,
        date=edition.date,
        title=edition.title,
        status=edition.state,
        started_at=edition.started_at,
        finished_at=edition.finished_at,
        total=reduce(add, lanes.values(), DeliveryFigures()),
        lanes=lanes,
        bounces=bounce_reasons(session, edition.key),
        refusals=refusal_reasons(session, edition.key),
        exclusions=exclusion_reasons(session, edition.key),
        counted_opens=counted_opens(session, edition.key),
        links=link_figures(session, edition.key),
        bounces_return=bounces_return,
    )


def _link(link: LinkFigures) -> dict[str, Any]:
    return {
        "number": link.number,
        "url": link.url,
        "label": link.label,
        "readers": link.named.readers,
        "clicks": link.people,
        "machine": link.machine,
    }
