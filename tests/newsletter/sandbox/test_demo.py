"""The demo's pieces: its folder, its processes, its proofs, its screen."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from newsletter.errors import UnsafeToSend
from newsletter.providers.registry import ProviderOptions, open_provider
from newsletter.sandbox.demo.errors import DemoError, FolderInUse, ProcessEnded
from newsletter.sandbox.demo.folder import (
    forget_environment,
    lasting_folder,
    passing_folder,
    require_loopback,
    write_config,
)
from newsletter.sandbox.demo.plan import DemoFigures, DemoPlan
from newsletter.sandbox.demo.processes import Child, free_port
from newsletter.sandbox.demo.proofs import leave_by_one_click, received_mail, traces
from newsletter.sandbox.demo.screen import Screen
from newsletter.sandbox.standin.control import Control
from newsletter.sandbox.standin.loopback_http import NotLoopbackError
from newsletter.sandbox.standin.process import StandIn
from newsletter.settings import Settings

SOUND = DemoFigures(
    edition="2026-11-22",
    recipients=100,
    sent=100,
    delivered=98,
    bounced=2,
    complained=1,
    unsure=0,
    missing=0,
    duplicates=0,
    opens_people=9,
    opens_machine=5,
    clicks=3,
    unsubscribed=1,
    site="http://127.0.0.1:8000",
)
SITE = "http://127.0.0.1:8000"


def config(folder: Path, *, url: str = "http://127.0.0.1:4000", base_url: str = SITE) -> Settings:
    standin = cast("StandIn", SimpleNamespace(url=url, public_key="KEY"))
    return write_config(folder, DemoPlan(), standin, base_url=base_url)


def test_the_folder_is_made_anew_each_time(tmp_path: Path) -> None:
    first = lasting_folder(tmp_path)
    (first / "old.log").write_text("old")
    assert lasting_folder(tmp_path) == first
    assert not (first / "old.log").exists()


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "newsletter-demo"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("years of work")
    with pytest.raises(FolderInUse, match="Move it away"):
        lasting_folder(tmp_path)
    assert (theirs / "thesis.txt").exists()


def test_a_passing_folder_is_gone_afterwards() -> None:
    with passing_folder() as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_the_written_config_says_what_the_demo_wants(tmp_path: Path) -> None:
    settings = config(tmp_path)
    assert settings.provider == "sendgrid"
    assert settings.database_url == f"sqlite:///{tmp_path}/newsletter.sqlite3"
    assert not settings.secret_flaw
    assert settings.publication is not None
    assert [topic.key for topic in settings.publication.topics][:2] == ["labs", "wire"]


def test_a_real_provider_in_the_environment_never_reaches_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_SENDGRID_HOST", "https://api.sendgrid.com")
    with pytest.raises(UnsafeToSend):
        config(tmp_path)
    forget_environment()
    assert config(tmp_path).sendgrid_host == "http://127.0.0.1:4000"


@pytest.mark.parametrize(
    "hosts",
    [
        {"url": "https://api.sendgrid.com"},
        {"url": "http://127.0.0.1.far.example"},
        {"base_url": "https://news.example"},
    ],
)
def test_hosts_outside_this_machine_are_refused(tmp_path: Path, hosts: dict[str, str]) -> None:
    with pytest.raises(UnsafeToSend, match="only speaks to this machine"):
        config(tmp_path, **hosts)


def test_the_provider_of_the_demo_knows_that_it_is_on_loopback(tmp_path: Path) -> None:
    settings = config(tmp_path)
    require_loopback(settings)
    provider = open_provider(
        settings.provider,
        ProviderOptions(sendgrid_api_key="SG.x", sendgrid_host=settings.sendgrid_host),
    )
    assert provider.loopback
    provider.close()


@pytest.mark.parametrize(
    "fault",
    [{"sent": 99}, {"delivered": 97}, {"missing": 1}, {"duplicates": 1}, {"unsure": 1}],
)
def test_figures_that_do_not_add_up_are_not_sound(fault: dict[str, int]) -> None:
    assert SOUND.is_sound
    assert not replace(SOUND, **fault).is_sound  # type: ignore[arg-type]


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        os.sched_yield()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_process_that_ends_by_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = Child.start("site", ["no-such-command"], tmp_path)

    def wait_and_look() -> bool:
        child.require_running()
        return False

    with pytest.raises(ProcessEnded, match="No such command"):
        until(wait_and_look)
    child.stop()


STARTER = """
import sys, time
from pathlib import Path
from newsletter.sandbox.demo.processes import Child
child = Child.start("site", ["serve", "--port", sys.argv[2]], Path(sys.argv[1]))
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_processes_end_when_the_demo_is_killed(tmp_path: Path) -> None:
    settings = config(tmp_path)
    from newsletter.migrate import upgrade

    upgrade(settings.database_url)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path), str(free_port())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert starter.stdin is not None
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert is_alive(pid)
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdin.close()
    starter.stdout.close()
    until(lambda: not is_alive(pid))


def send(standin: Any, body: Any, html: str, **headers: str) -> Control:
    caller = standin()
    answer = caller.send(
        body(
            1,
            personalizations=[
                {
                    "to": [{"email": "ada@example.com"}],
                    "headers": headers,
                    "custom_args": {"nl_delivery": "1-1"},
                }
            ],
            content=[{"type": "text/html", "value": html}],
        )
    )
    assert answer.status_code == 202
    return Control(caller.standin.url)


def test_traces_of_tracking_are_found_in_a_received_mail(standin: Any, body: Any) -> None:
    html = (
        f'<a href="{SITE}/c/1/tok">A</a><a href="https://a.example">B</a>'
        f'<a href="{SITE}/unsubscribe/tok">C</a><img alt="" src="{SITE}/o/tok.gif">'
    )
    control = send(standin, body, html)
    found = traces(received_mail(control, "ada@example.com", 1), base_url=SITE)
    assert found.pixels == (f"{SITE}/o/tok.gif",)
    assert found.tracked == (f"{SITE}/c/1/tok",)
    assert found.plain == ("https://a.example",)


def test_a_mail_that_nobody_got_is_told(standin: Any, body: Any) -> None:
    control = send(standin, body, "<p>Hello</p>")
    with pytest.raises(DemoError, match="no mail of this edition"):
        received_mail(control, "ada@example.com", 2)
    with pytest.raises(DemoError, match="no mail of this edition"):
        received_mail(control, "bo@example.com", 1)


@pytest.mark.parametrize("url", ["https://far.example/u", "http://far.example/u"])
def test_one_click_never_calls_another_machine(url: str) -> None:
    with pytest.raises(NotLoopbackError):
        leave_by_one_click({"headers": {"List-Unsubscribe": f"<{url}>"}})


def test_the_stand_in_keeps_events_back_when_told(standin: Any, body: Any) -> None:
    control = Control(standin(webhook_url="http://127.0.0.1:9/").standin.url)
    control.hold_events(held=True)
    control.order_fault(kind="status", status=503)
    assert control.stats()["held"] == 0


def told(**options: Any) -> tuple[Screen, io.StringIO]:
    words = io.StringIO()
    return Screen(Console(file=words, width=120, **options)), words


def test_without_a_terminal_a_bar_is_a_line_for_every_tenth() -> None:
    screen, words = told()
    with screen.bar("sending", 1_000) as bar:
        for done in range(0, 1_001, 10):
            bar.show(done, "")
    lines = words.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[-1].strip() == "sending 1,000 of 1,000"


def test_a_bars_note_stands_apart_from_its_figures() -> None:
    screen, words = told()
    with screen.bar("delivered or bounced", 5_000) as bar:
        bar.show(5_000, "552 opened by people")
    assert words.getvalue().strip() == "delivered or bounced 5,000 of 5,000, 552 opened by people"


def test_on_a_terminal_the_bar_lives() -> None:
    screen, words = told(force_terminal=True)
    with screen.bar("sending", 1_000) as bar:
        bar.show(400, "250 unsure")
    assert "400/1000" in words.getvalue()
    assert "250 unsure" in words.getvalue()


def test_what_is_said_is_not_read_as_markup() -> None:
    screen, words = told()
    screen.say("a [bold] word")
    assert "a [bold] word" in words.getvalue()
