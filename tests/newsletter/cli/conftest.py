"""The command line as somebody uses it: a folder, a newsletter.toml, words and answers."""

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

import pytest

from newsletter.cli import main

CONFIG = """\
secret_key = "a secret for the tests of the command line"

[publication]
slug = "inference"
name = "The Inference Ledger"
sender = "The Inference Ledger <desk@ledger.example>"
postal_address = "1 Example Street, 12345 Example Town"
time_zone = "Europe/Berlin"
topics = [{key = "labs", label = "AI Labs"}]
"""
EDITION = """\
schema: 1
date: 2026-11-22
title: Morning
sections:
  - kind: essay
    body: |
      Compute is **scarce** today.
  - kind: links
    heading: AI Labs
    topic: labs
    items:
      - {title: One, url: "https://labs.example/1", source: Lab}
"""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The last line, which is one JSON object."""
        value: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return value


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Shell:
    """Runs `newsletter …` in a folder: in this process, for starting one takes a second."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    stdin: TextIO = field(default_factory=io.StringIO)

    def answering(self, *answers: str) -> "Shell":
        """The same shell at a terminal, where somebody types an answer to each question."""
        return replace(self, stdin=Terminal("".join(f"{answer}\n" for answer in answers)))

    def __call__(self, *words: str, **settings: str) -> Answer:
        """Run a command; `settings` are NEWSLETTER_* without the prefix, in small letters."""
        out, err = io.StringIO(), io.StringIO()
        with self.monkeypatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
            patched.chdir(self.folder)
            patched.setattr("sys.argv", ["newsletter", *words])
            patched.setattr("sys.stdin", self.stdin)
            for key, value in settings.items():
                patched.setenv(f"NEWSLETTER_{key.upper()}", value)
            code = _exit_code()
        return Answer(code, out.getvalue(), err.getvalue())

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path


def _exit_code() -> int:
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """An empty folder."""
    for key in [key for key in os.environ if key.startswith("NEWSLETTER_")]:
        monkeypatch.delenv(key)
    before = logging.getLogger().handlers[:]
    yield Shell(tmp_path, monkeypatch)
    logging.getLogger().handlers[:] = before


@pytest.fixture
def shell(bare: Shell) -> Shell:
    """A publication that is set up, with an edition file and three readers."""
    bare.write("newsletter.toml", CONFIG)
    bare.write("edition.yaml", EDITION)
    bare.write("readers.csv", "email,name\na@example.com,A\nb@example.com,B\nc@example.com,C\n")
    assert bare("init").code == 0
    assert bare("subscribers", "import", "readers.csv").code == 0
    return bare
