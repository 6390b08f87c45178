"""`newsletter edition reroute DATE`: on with another provider in the middle of a send."""

import datetime as dt
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session

from newsletter.accounts import audit
from newsletter.cli.desk import actor, now, open_desk
from newsletter.cli.editions import Name
from newsletter.cli.output import AsJson, PublicationSlug, emit, say
from newsletter.dispatch.permission import require_permission
from newsletter.dispatch.reroute import Rerouted
from newsletter.dispatch.reroute import reroute as reroute_edition
from newsletter.editions.models import Edition
from newsletter.publications import Publication
from newsletter.time_zones import zone_of


def register(app: typer.Typer) -> None:
    app.command("reroute")(reroute)


def reroute(name: Name, publication: PublicationSlug = None, as_json: AsJson = False) -> None:
    """Give the settings' provider what still waits for another one; what that has, it keeps."""
    with open_desk(publication) as desk:
        provider = desk.settings.provider

        def act(
            session: Session, owner: Publication, edition: Edition
        ) -> tuple[Rerouted, ZoneInfo]:
            require_permission(desk.settings, owner)
            rerouted = reroute_edition(session, edition.key, provider)
            audit.record(
                session,
                actor=actor(),
                act="edition.reroute",
                subject=f"edition {edition.name}",
                now=now(),
                provider=provider,
                readers=rerouted.readers,
            )
            return rerouted, zone_of(owner.time_zone)

        rerouted, zone = desk.change(name, act)
    if as_json:
        emit({"edition": name, "provider": provider, **rerouted._asdict()})
        return
    say(f"{rerouted.readers} readers of edition {name} get it through {provider} now.")
    if rerouted.held and rerouted.lease_ends_at is not None:
        end = dt.datetime.fromtimestamp(rerouted.lease_ends_at, zone)
        say(
            f"{rerouted.held} are in the hands of a worker that was started with another provider. "
            "Restart it with these settings, and say this again; or, if it died, say this again "
            f"after {end:%H:%M:%S %Z}, when a worker has taken them back."
        )
