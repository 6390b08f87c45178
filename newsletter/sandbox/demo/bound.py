"""A `newsletter` command that ends with whoever started it.

    python -m newsletter.sandbox.demo.bound worker

Its standard input is a pipe that nobody writes to. When the other end closes, by a clean stop or
because the starter was killed, it asks itself to end as SIGTERM would, and insists after a while.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 8.0
COMMANDS = "newsletter.cli"


def watch_starter() -> None:
    """Wait until standard input is closed, then end this process."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=watch_starter, name="starter", daemon=True).start()
    sys.argv[0] = "newsletter"
    # By name: the commands stand above this package, which must not import them.
    runpy.run_module(COMMANDS, run_name="__main__")
