"""What `newsletter bench compose` promises: every figure, and none that npm would have to fetch."""

import json
import os
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsletter.bench import npm_mjml
from newsletter.bench.npm_mjml import npm_mjml_ms
from newsletter.cli.app import app
from tests.outside import MODULES, needs_node

FIGURES = {"warm_ms", "cold_ms", "html_bytes", "text_bytes", "fill_us", "mime_us"}
STAGES = {"jinja", "mjml", "inline", "text"}


@pytest.fixture
def path_without_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_every_file_has_its_figures(path_without_node: None) -> None:
    with as_file(files("newsletter.sandbox") / "samples") as samples:
        paths = sorted(map(str, samples.glob("*.yaml")))[:2]
        result = CliRunner().invoke(app, ["bench", "compose", *paths, "--json"])
    assert result.exit_code == 0, result.output
    editions = json.loads(result.stdout.splitlines()[-1])["editions"]
    assert [one["file"] for one in editions] == [Path(path).name for path in paths]
    for one in editions:
        assert all(one[figure] > 0 for figure in FIGURES)
        assert one["stages_ms"].keys() == STAGES
        assert sum(one["stages_ms"].values()) > 0
        assert one["npm_mjml_ms"] is None


def test_npm_mjml_is_measured_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho 12.5\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path), os.environ["PATH"])))
    assert npm_mjml_ms("<mjml></mjml>") == 12.5


def test_a_node_without_mjml_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\nexit 1\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path), os.environ["PATH"])))
    assert npm_mjml_ms("<mjml></mjml>") is None


@needs_node("mjml")
def test_npm_mjml_of_the_checkout_is_found_from_anywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(npm_mjml, "CHECKOUT", MODULES)
    milliseconds = npm_mjml_ms("<mjml><mj-body></mj-body></mjml>")
    assert milliseconds is not None
    assert milliseconds > 0
