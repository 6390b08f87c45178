"""Checks by programs that are not ours: mjml's and html-validate's validators, and axe-core.

They come from npm: `npm install --prefix tests/node`, or NEWSLETTER_NODE_MODULES names a folder
that has them. Tests that need them are skipped where they are absent.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent / "node"
MODULES = Path(os.environ.get("NEWSLETTER_NODE_MODULES", HERE / "node_modules"))
CHROMIUM = Path("/usr/bin/chromium")
OLDEST_NODE = 20

needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")


def needs_node(package: str) -> pytest.MarkDecorator:
    """Skip a test where node or one of its packages is absent."""
    if _node_version() < OLDEST_NODE:
        return pytest.mark.skip(reason=f"node {OLDEST_NODE} or later is not installed")
    absent = not (MODULES / package).is_dir()
    reason = f"node's {package} is not installed: npm install --prefix tests/node"
    return pytest.mark.skipif(absent, reason=reason)


@cache
def _node_version() -> int:
    """The major version of node, 0 where there is none."""
    node = shutil.which("node")
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return int(said.removeprefix("v").split(".")[0])


def mjml_problems(mjml: str, folder: Path) -> str:
    """What `npx mjml --validate` says; nothing if all is well."""
    file = folder / "mail.mjml"
    file.write_text(mjml, "utf-8")
    return _run(MODULES / ".bin" / "mjml", "--validate", str(file))


def html_problems(html: str, rules: str, folder: Path) -> list[tuple[str, str]]:
    """(rule, message) of everything that html-validate finds by the rules of tests/node."""
    file = folder / "page.html"
    file.write_text(html, "utf-8")
    config = str(HERE / f"{rules}.json")
    found = _run(
        MODULES / ".bin" / "html-validate", "--config", config, "--formatter", "json", str(file)
    )
    return [
        (message["ruleId"], message["message"])
        for result in json.loads(found or "[]")
        for message in result["messages"]
    ]


def axe_violations(page: Page, *, without: tuple[str, ...] = ()) -> list[tuple[str, list[str]]]:
    """(rule, elements) of what axe-core finds in a page, but for the rules of `without`."""
    page.evaluate((MODULES / "axe-core" / "axe.min.js").read_text("utf-8"))
    options = {"rules": {rule: {"enabled": False} for rule in without}}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in found["violations"]
    ]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def _run(program: Path, *arguments: str) -> str:
    """What a program of node's prints, standard error included where it fails."""
    done = subprocess.run(
        [str(program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "NO_COLOR": "1"},
    )
    if done.returncode and not done.stdout:
        return done.stderr
    return done.stdout
