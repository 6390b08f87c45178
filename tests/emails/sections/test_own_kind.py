"""What docs/guides/add-a-section-kind.md promises: one model, three templates, no other edit."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

MODEL = """
from typing import Literal
from emails.sections.base import Section
from emails.sections.parts import Headline

class Haiku(Section):
    kind: Literal["haiku"] = "haiku"
    lines: tuple[Headline, Headline, Headline]
"""
TEMPLATES = {
    "mjml": '<div class="prose soft">{{ section.lines | join("<br/>" | safe) }}</div>',
    "txt": '{{ section.lines | join("\\n") }}',
    "web": '<p class="haiku">{{ section.lines | join("<br/>" | safe) }}</p>',
}
PROGRAM = """
import json, sys
from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.issue_files import parse_issue
from emails.web import render_web
issue = parse_issue(sys.stdin.read(), name="x").issue
given = {"addresses": Addresses.sample()}
mail = compose(issue, Brand.default(), **given)
print(json.dumps([mail.html, mail.text, render_web(issue, Brand.default(), **given)]))
"""
FILE = """
date: 2026-11-22
title: T
sections:
- kind: haiku
  heading: A poem
  lines: [a & b, c, d]
"""


def test_a_kind_is_one_model_and_three_templates(tmp_path: Path) -> None:
    emails = tmp_path / "emails"
    shutil.copytree(Path(__file__).parents[3] / "emails", emails)
    (emails / "sections/haiku.py").write_text(MODEL)
    for form, body in TEMPLATES.items():
        (emails / f"templates/sections/haiku.{form}.j2").write_text(
            f'{{% extends "section.{form}.j2" %}}{{% block body %}}{body}\n{{% endblock %}}'
        )

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=FILE,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert done.stderr == ""
    html, text, web = json.loads(done.stdout)
    assert "a &amp; b<br>c<br>d</div>" in html
    assert 'id="a-poem"' in html
    assert "A POEM\n------\n\na & b\nc\nd" in text
    assert '<p class="haiku">a &amp; b<br/>c<br/>d</p>' in web
