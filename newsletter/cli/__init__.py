"""The command line. `main` is what the command `newsletter` runs."""

from newsletter.cli.app import main

__all__ = ["main"]
