"""The documents keep up with the code, and their examples work."""

import importlib
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from docs import generate
from emails.brand import Brand
from emails.issue_files import parse_issue
from emails.sections.parts import Part
from newsletter.settings import Settings, load_settings
from newsletter.web.api import API, editions, sending, subscribers

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]

LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)|<(?:img|source)[^>]*? src(?:set)?=\"([^\"]+)\"")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
OURS = re.compile(r"(?:\w+=\S+ )*(?:sudo -u \w+ )?(?:\S*/)?newsletter (.+)")
FIELDS = re.compile(r"<!-- fields: ([\w.]+) -->\n\n(.*?)(?:\n\n|\Z)", re.DOTALL)
COMMANDS = dict(generate.every_command())
EXAMPLE_FRAME = "schema: 1\ndate: 2026-11-22\ntitle: An example\nsections:\n"


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def fenced(language: str) -> list[Any]:
    """Every block of a language, as a parameter named after its page."""
    return [
        pytest.param(dedent(match[2]), id=f"{named(page)}-{number}")
        for page in PAGES
        for number, match in enumerate(FENCE.finditer(page.read_text("utf-8")), 1)
        if match[1] == language
    ]


def documented_fields() -> dict[type[BaseModel], list[str]]:
    """Model -> the fields that the table below its mark names, in their order."""
    found = {}
    for page in PAGES:
        for path, rows in FIELDS.findall(page.read_text("utf-8")):
            module, _, name = path.rpartition(".")
            model = getattr(importlib.import_module(module), name)
            found[model] = re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)
    return found


def own_fields(model: type[BaseModel]) -> set[str]:
    """What a file calls the fields that a model adds to those of the models with tables above it."""
    above = {base for base in documented_fields() if base in model.__mro__[1:]}
    inherited = {name for base in above for name in base.model_fields}
    return {
        field.alias or name for name, field in model.model_fields.items() if name not in inherited
    }


def issue_parts(root: type[Part] = Part) -> Iterator[type[Part]]:
    """Every part that an edition file is made of; not the kinds that other tests add."""
    for part in root.__subclasses__():
        if part.__module__.startswith("emails."):
            yield part
        yield from issue_parts(part)


# -- what the code has, the documents name


@pytest.mark.parametrize("page", list(generate.pages()), ids=named)
def test_what_a_page_takes_from_the_code_is_what_the_code_says(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text == generate.renewed(text), "run .venv/bin/python docs/generate.py"


def test_every_part_that_is_generated_stands_on_a_page() -> None:
    whole = "".join(page.read_text("utf-8") for page in generate.pages())
    assert {match[2] for match in generate.PART.finditer(whole)} == set(generate.PARTS)


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_is_documented(setting: str) -> None:
    text = (DOCS / "settings.md").read_text("utf-8")
    assert f"| `{setting}` |" in text or f"`[{setting}]`" in text


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_documented(command: str) -> None:
    assert f"### `newsletter {command}`\n" in (DOCS / "commands.md").read_text("utf-8")


@pytest.mark.parametrize("model", list(documented_fields()), ids=lambda model: model.__name__)
def test_a_table_of_fields_names_exactly_the_fields(model: type[BaseModel]) -> None:
    names = documented_fields()[model]
    assert len(names) == len(set(names))
    assert set(names) == own_fields(model)


def test_every_part_of_an_edition_file_has_its_table() -> None:
    assert set(issue_parts()) <= set(documented_fields())


def test_every_route_of_the_api_is_documented() -> None:
    app = FastAPI()
    for room in (editions, sending, subscribers):
        app.include_router(room.router, prefix=API)
    text = (DOCS / "guides" / "api.md").read_text("utf-8")
    paths = app.openapi()["paths"]
    assert paths
    for path, methods in paths.items():
        for method in () if "{slug}" in path else methods:
            assert f"`{method.upper()} {path}`" in text


# -- what the documents show works


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for markdown, html in LINK.findall(page.read_text("utf-8")):
        address, _, anchor = (markdown or html).partition("#")
        if re.match(r"[a-z]+:", address):
            continue
        target = (page.parent / address).resolve() if address else page
        assert target.exists(), f"{address} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{address}#{anchor} leads nowhere"


def anchors(page: Path) -> set[str]:
    """The anchors that a forge makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            links = (link.partition("#")[0] for link, _ in LINK.findall(page.read_text("utf-8")))
            waiting += [(page.parent / link).resolve() for link in links if link.endswith(".md")]
    assert set(DOCS.rglob("*.md")) <= reached


@pytest.mark.parametrize("example", fenced("yaml"))
def test_yaml_examples_are_edition_files_without_a_fault(example: str) -> None:
    framed = EXAMPLE_FRAME + indent(example, "  ") if example.startswith("- ") else example
    assert parse_issue(framed, name="example").warnings == ()


@pytest.mark.parametrize("example", fenced("toml"))
def test_toml_examples_are_settings_or_a_brand(example: str, tmp_path: Path) -> None:
    values = tomllib.loads(example)
    if "name" in values:
        assert Brand.model_validate(values).name == values["name"]
        return
    file = tmp_path / "newsletter.toml"
    file.write_text(example, "utf-8")
    settings = load_settings(file)
    assert (settings.publication is None) == ("publication" not in values)


@pytest.mark.parametrize("example", fenced("sh"))
def test_commands_in_examples_are_commands_with_their_options(example: str) -> None:
    for line in example.replace("\\\n", " ").splitlines():
        if ours := OURS.match(line):
            check_command(shlex.split(ours[1], comments=True))


def check_command(words: list[str]) -> None:
    path = next((p for p in (" ".join(words[:2]), words[0]) if p in COMMANDS), None)
    assert path is not None, f"there is no command newsletter {' '.join(words[:2])}"
    known = {name for option in COMMANDS[path].params for name in option.opts}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in known | {"--help"}, f"newsletter {path} has no {word}"


def test_the_generator_has_no_part_without_words() -> None:
    for name, part in generate.PARTS.items():
        assert inspect.isfunction(part)
        assert part().strip(), name
