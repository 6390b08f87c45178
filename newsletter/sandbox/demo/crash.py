"""The send, and the crash in the middle of it."""

import time
from collections.abc import Callable

from newsletter.editions.states import EditionState
from newsletter.feedback.duty import work_off_inbox
from newsletter.sandbox.demo.house import House
from newsletter.sandbox.demo.screen import Bar, Screen

States = dict[str, int]


class Send:
    """One edition on its way, watched."""

    def __init__(self, house: House, screen: Screen, bar: Bar, edition_id: int) -> None:
        self._house, self._screen, self._bar = house, screen, bar
        self._desk, self._control = house.desk, house.control
        self._edition_id = edition_id
        self._doubted = 0

    def run(self, *, name: str) -> None:
        """Send, crash at the planned share, settle what is in doubt, and finish."""
        plan = self._house.plan
        kill_at = int(plan.readers * plan.kill_at)
        self._watch("the send", lambda states: _served(states) >= kill_at)
        self._crash()
        self._watch("the rest of the send", lambda states: not states["queued"])
        self._settle(name)
        self._watch("the end of the send", lambda _: self._is_sent())

    def _crash(self) -> None:
        """Kill the worker while two requests are out, one of which the stand-in has taken."""
        hung = self._house.plan.hung_seconds
        self._control.hold_events(held=True)
        for taken in (True, False):
            self._control.order_fault(kind="hang", seconds=hung, taken=taken)
        self._watch("two open requests", lambda _: self._control.stats()["held"] > 1)
        dead = self._house.worker
        dead.kill()
        leases, unanswered = (
            self._desk.leases(self._edition_id),
            self._desk.unanswered(self._edition_id),
        )
        self._screen.warn(
            f"kill -9 {dead.pid}: the worker is dead, with {unanswered:,} deliveries handed over "
            "and no answer yet"
        )
        self._house.replace_worker()
        self._screen.say(f"another worker, {self._house.worker.pid}, goes on with the rest")
        self._watch(
            "the dead worker's leases to run out",
            lambda _: not leases & self._desk.leases(self._edition_id),
        )
        self._doubted = self._desk.states(self._edition_id)["unsure"]
        self._screen.say(
            f"its leases ran out: {self._doubted:,} unsure, sent or not. Nobody here can know, and so "
            "nothing is sent twice"
        )
        self._control.hold_events(held=False)

    def _settle(self, name: str) -> None:
        """Let the provider's events settle what they can; send again what it never got."""
        self._watch("the stand-in's events", self._all_events_are_in)
        resent = self._desk.resend_unsure(self._edition_id)
        self._screen.say(
            f"the stand-in's events settled {self._doubted - resent:,} of them: they had arrived"
        )
        if resent:
            self._screen.say(
                f"it has no events left, so it never got the other {resent:,}: sent now, as by "
                f"`newsletter edition resolve {name} --resend`"
            )

    def _all_events_are_in(self, _: States) -> bool:
        stats = self._control.stats()
        if stats["events_waiting"] or stats["events_planned"]:
            return False
        work_off_inbox(self._house.desk.database, now=time.time())
        return True

    def _is_sent(self) -> bool:
        return self._desk.status(self._edition_id) == EditionState.SENT

    def _watch(self, what: str, until: Callable[[States], bool]) -> None:
        for _ in self._house.moments(what):
            states = self._desk.states(self._edition_id)
            note = f"{states['unsure']:,} unsure" if states["unsure"] else ""
            self._bar.show(_served(states), note)
            if until(states):
                return


def _served(states: States) -> int:
    """Deliveries of which it is known that they went out."""
    return sum(states.values()) - states["queued"] - states["unsure"]
