"""The look: a publication's colours as a stylesheet, since no style may stand in the page itself."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from emails.brand import Palette
from newsletter.web.house import Here
from newsletter.web.pages import PUBLIC

router = APIRouter()


@router.get("/brand.css")
def show_colours(request: Request, house: Here) -> Response:
    """The brand's palettes, light and dark, as custom properties of `site.css`."""
    with house.database.reading() as session:
        publication = house.publication(session, request)
    colours = publication.brand(house.site.base_url).colours
    css = (
        f":root {{ {_properties(colours.light)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_properties(colours.dark)} }} }}\n"
    )
    return Response(css, media_type="text/css", headers=PUBLIC)


@router.get("/favicon.svg")
def show_icon(request: Request, house: Here) -> Response:
    """The publication's initial in its accent colour."""
    with house.database.reading() as session:
        publication = house.publication(session, request)
    palette = publication.brand(house.site.base_url).colours.light
    letter = next((sign for sign in publication.name.removeprefix("The ") if sign.isalnum()), "N")
    svg = house.pages.text("favicon.svg.j2", palette=palette, letter=letter.upper())
    return Response(svg, media_type="image/svg+xml", headers=PUBLIC)


def _properties(palette: Palette) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in palette.model_dump().items())
