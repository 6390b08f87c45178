"""`newsletter check`: findings in words and as JSON; the network only when asked for."""

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.serving import serving
from tests.newsletter.cli.conftest import EDITION, Shell


def test_findings_come_with_code_and_field(shell: Shell) -> None:
    shell.write("edition.yaml", EDITION.replace("title: Morning", "title: RE! GOOD MORNING!!"))
    checked = shell("check", "edition.yaml", "--json")
    assert checked.code == 0
    assert checked.json["errors"] == []
    found = [(one["code"], one["field"]) for one in checked.json["warnings"]]
    assert found == [("shouting", "subject"), ("exclaiming", "subject")]
    assert "warning: subject: the subject is in capitals" in checked.err


def test_an_error_ends_with_one(shell: Shell) -> None:
    item = "      - {title: One, url: https://labs.example/1, source: Lab}\n"
    many = "".join(item.replace("/1", f"/{n}").replace("One", f"T{n}") for n in range(2001))
    shell.write("edition.yaml", EDITION + many)
    checked = shell("check", "edition.yaml", "--json")
    assert checked.code == 1
    assert {one["code"] for one in checked.json["errors"]} == {"too-large", "too-many-links"}


def test_links_and_pictures_are_asked_when_wanted(shell: Shell) -> None:
    app = Starlette(routes=[Route("/there", lambda _: Response())])
    with serving(lambda _: app) as address:
        picture = "  - {kind: image, src: ADDRESS/gone.png, alt: A}\n"
        text = EDITION + picture.replace("ADDRESS", address)
        shell.write("edition.yaml", text.replace("https://labs.example/1", f"{address}/gone"))
        unasked = shell("check", "edition.yaml", "--json").json["warnings"]
        asked = shell("check", "edition.yaml", "--links", "--json").json["warnings"]
    assert [one["code"] for one in unasked] == ["bare-number-link"]
    assert [one["code"] for one in asked] == ["bare-number-link", "dead-link", "dead-picture"]
