"""What decides a composition's bytes beside its issue: brand, addresses, templates, renderers."""

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

import orjson

from newsletter.publications import Publication
from newsletter.site import Site

RENDERERS = ("mjml-python", "premailer")


def inputs_digest(publication: Publication, site: Site) -> str:
    """Hash them; the same digest and the same issue give the same bytes.

    The signer counts too: counted readers' links carry a token of the edition.
    """
    parts = (
        publication.brand(site.base_url).model_dump(mode="json"),
        publication.tracking,
        site.base_url,
        site.signer.keyed_hash("compositions"),
        templates_digest(),
    )
    return sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


@cache
def templates_digest() -> str:
    """Hash of the templates and of what renders them."""
    digest = sha256()
    for file in _walk(files("emails") / "templates"):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    for name in RENDERERS:
        digest.update(f"{name}={version(name)}".encode())
    return digest.hexdigest()


def _walk(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            found += _walk(entry)
        else:
            found.append(entry)
    return found
