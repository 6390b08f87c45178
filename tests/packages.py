"""Packages that bring something of their own, installed for the length of a test."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def installed_provider(site: Path, name: str, *, code: str, opener: str) -> Iterator[None]:
    """A package in `site` (made here) whose entry point `name` is its function `opener`.

    The module is called `{name}_post`. It is imported anew, and forgotten at the end: another test
    of this process may install a package of the same name.
    """
    module = f"{name}_post"
    metadata = site / f"{module}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-post\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[newsletter.providers]\n{name} = {module}:{opener}\n"
    )
    (site / f"{module}.py").write_text(code)
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(site))
        sys.modules.pop(module, None)
        try:
            yield
        finally:
            sys.modules.pop(module, None)
