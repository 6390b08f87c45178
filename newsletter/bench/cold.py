"""The first composition of a process, imports done: what a command or a fresh worker waits for."""

import time
from pathlib import Path

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.issue_files import load_issue
from newsletter.bench.helper import answer, hear


def first_composition(path: Path) -> float:
    """Milliseconds that it takes, reading the file not counted."""
    issue = load_issue(path).issue
    begun = time.perf_counter()
    compose(issue, Brand.default(), addresses=Addresses.sample())
    return (time.perf_counter() - begun) * 1e3


if __name__ == "__main__":
    answer({"ms": first_composition(Path(hear()["file"]))})
