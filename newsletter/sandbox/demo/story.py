"""The story, chapter by chapter."""

import time

from newsletter.editions.states import EditionState
from newsletter.feedback.recorder import FLUSH_SECONDS
from newsletter.reports.report import EditionReport
from newsletter.reports.text import render
from newsletter.sandbox.demo.crash import Send
from newsletter.sandbox.demo.errors import DemoError
from newsletter.sandbox.demo.house import House
from newsletter.sandbox.demo.plan import DemoFigures
from newsletter.sandbox.demo.proofs import leave_by_one_click, received_mail, traces
from newsletter.sandbox.demo.screen import Screen
from newsletter.sandbox.samples import SampleEdition, sample_editions
from newsletter.sandbox.samples.readers import write_readers
from newsletter.sandbox.standin.journal import Tally, read_journal, tally


class Story:
    """One edition's way, from its file to its readers."""

    def __init__(self, house: House, screen: Screen) -> None:
        self._house, self._screen, self._desk = house, screen, house.desk
        *self._back_catalogue, self.sample = sample_editions()
        self._readers: list[str] = []
        self.edition_id = 0

    @property
    def name(self) -> str:
        """The edition's name in commands and addresses."""
        return self.sample.issue.name

    @property
    def title(self) -> str:
        return self.sample.issue.title or self.name

    def tell(self) -> DemoFigures:
        """Tell everything; return the figures at its end."""
        self._set_up()
        self._compose()
        self._send()
        counted = self._count()
        self._wait_for_readers()
        self._show_report()
        self._respect()
        return self._figures(counted)

    def report(self) -> EditionReport:
        """The edition's report as it is now."""
        return self._desk.report(self.edition_id)

    def _set_up(self) -> None:
        self._screen.chapter("A newspaper, its archive and its readers")
        for sample in self._back_catalogue:
            self._desk.import_sample(sample, archive_only=True)
        csv = self._house.folder / "readers.csv"
        self._readers = write_readers(csv, self._house.plan.readers)
        imported = self._desk.import_readers(csv)
        self._screen.say(
            f"{imported.added:,} invented readers at example.com, .org and .net imported; "
            f"{len(self._back_catalogue)} earlier editions in the archive"
        )
        self._house.wait_for_site()
        self._screen.say(
            f"running: the site, a worker ({self._house.worker.pid}), and a stand-in for SendGrid "
            "on this machine"
        )

    def _compose(self) -> None:
        sample: SampleEdition = self.sample
        self._screen.chapter(f"The edition of {sample.issue.date:%A}, from {sample.name}")
        self.edition_id = self._desk.import_sample(sample, archive_only=False)
        proof = self._desk.compose(self.edition_id)
        self._screen.say(f"“{proof.composition.subject}”")
        self._screen.say(
            f"composed: {proof.size:,} bytes of HTML (Gmail cuts at 102,000), "
            f"{len(proof.composition.links)} links, {proof.errors} errors, "
            f"{proof.warnings} warnings"
        )

    def _send(self) -> None:
        self._screen.chapter("Approved, and sent")
        self._desk.approve_and_send(self.edition_id)
        with self._screen.bar("sending", self._house.plan.readers) as bar:
            Send(self._house, self._screen, bar, self.edition_id).run(name=self.name)

    def _count(self) -> Tally:
        """Count in the stand-in's journal, against the list of readers."""
        self._screen.chapter("Who got it")
        counted = tally(self._house.journal, edition=str(self.edition_id), expected=self._readers)
        words = (
            f"the stand-in received {counted.unique:,} unique, {counted.missing:,} missing, "
            f"{counted.twice:,} twice"
        )
        if counted.missing or counted.twice:
            self._screen.warn(words)
        else:
            self._screen.prove(words)
        return counted

    def _wait_for_readers(self) -> None:
        """Until every mail is delivered or bounced, and whoever wants to read has read."""
        with self._screen.bar("delivered or bounced", self._house.plan.readers) as bar:
            quiet_since: float | None = None
            for _ in self._house.moments("the readers"):
                total = self.report().total
                opened = (
                    f"{total.opens_people:,} opened by people, {total.opens_machine:,} by machines"
                )
                bar.show(total.delivered + total.bounced, opened)
                settled = total.delivered + total.bounced == total.recipients
                if not settled or self._is_anyone_reading():
                    quiet_since = None
                    continue
                quiet_since = quiet_since or time.monotonic()
                # The site notes visits with a little delay.
                if time.monotonic() - quiet_since > 2 * FLUSH_SECONDS:
                    return

    def _is_anyone_reading(self) -> bool:
        stats = self._house.control.stats()
        waiting = stats["planned"] + stats["events_waiting"] + stats["visits_waiting"]
        return bool(waiting or self._desk.unjudged_hits())

    def _show_report(self) -> None:
        self._screen.chapter("The report")
        render(self.report(), self._screen.console)

    def _respect(self) -> None:
        """One reader leaves and is left alone; another is not looked at."""
        self._screen.chapter("The reader decides")
        leaver = self._desk.first_reader(self.edition_id, "linked")
        mail = received_mail(self._house.control, leaver, self.edition_id)
        status = leave_by_one_click(mail)
        self._screen.say(f"{leaver} leaves: one-click POST to the mail's own address, {status}")
        self._send_next(without=leaver)
        self._look_for_traces()

    def _send_next(self, *, without: str) -> None:
        edition_id = self._desk.import_next(self.sample.issue)
        self._desk.approve_and_send(edition_id, limit=self._house.plan.next_readers)
        for _ in self._house.moments("the next edition"):
            if self._desk.status(edition_id) == EditionState.SENT:
                break
        got_it = {
            entry.email
            for entry in read_journal(self._house.journal)
            if entry.edition == str(edition_id)
        }
        if without in got_it or not got_it:
            raise DemoError(f"{without} unsubscribed and was written to again.")
        self._screen.prove(
            f"the next edition went to the first {len(got_it):,} readers, and not to {without}"
        )

    def _look_for_traces(self) -> None:
        private = self._desk.first_reader(self.edition_id, "off")
        mail = received_mail(self._house.control, private, self.edition_id)
        found = traces(mail, base_url=self._house.settings.base_url)
        if found.pixels or found.tracked or not found.plain:
            raise DemoError(f"{private} did not agree to tracking and was tracked.")
        self._screen.prove(
            f"{private} never agreed to tracking: their mail has no pixel, and "
            f"{len(found.plain)} plain links such as {found.plain[0]}"
        )

    def _figures(self, counted: Tally) -> DemoFigures:
        report = self.report()
        total = report.total
        return DemoFigures(
            edition=report.edition,
            recipients=total.recipients,
            sent=total.sent,
            delivered=total.delivered,
            bounced=total.bounced,
            complained=total.complained,
            unsure=total.unsure,
            missing=counted.missing,
            duplicates=counted.twice,
            opens_people=total.opens_people,
            opens_machine=total.opens_machine,
            clicks=report.clicks,
            unsubscribed=total.unsubscribed,
            site=self._house.settings.base_url,
        )
