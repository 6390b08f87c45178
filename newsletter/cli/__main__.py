"""`python -m newsletter.cli`, for processes that we start ourselves."""

from newsletter.cli.app import main

main()
