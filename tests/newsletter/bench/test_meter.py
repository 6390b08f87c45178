import subprocess
import sys
import time

from newsletter.bench.meter import FamilyMemory, Moment, peak_mb, resident_mb

PATIENCE = 30.0
CHILD = """
held = b"x" * int(input())
print("held", flush=True)
input()
"""


def test_children_count_in_time_and_memory() -> None:
    most, own, begun = peak_mb(), time.process_time(), Moment.now()
    with (
        FamilyMemory() as memory,
        subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child,
    ):
        assert child.stdin is not None
        child.stdin.write(f"{int((most - resident_mb() + 50) * 2**20)}\n")
        child.stdin.flush()
        given_up = time.monotonic() + PATIENCE
        while memory.peak_mb < most + 40:  # it looks ten times a second
            assert time.monotonic() < given_up
        child.communicate("\n")

    assert Moment.now().cpu - begun.cpu > time.process_time() - own
