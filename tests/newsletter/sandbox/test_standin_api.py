"""The stand-in's API: it answers as SendGrid, and keeps a journal that outlives everybody."""

import threading
from typing import Any

import httpx
import pytest

from newsletter.sandbox.standin.journal import Journal, read_journal, tally


def test_what_is_accepted_stands_in_the_journal_before_the_answer(standin: Any, body: Any) -> None:
    caller = standin()
    answer = caller.send(body(3))
    assert answer.status_code == 202
    assert answer.headers["X-Message-Id"]
    entries = list(read_journal(caller.journal))
    assert [entry.email for entry in entries] == [f"reader-{n}@example.com" for n in range(3)]
    assert (entries[0].delivery, entries[0].edition, entries[0].batch) == ("1-0", "1", "7")
    assert entries[0].message_id == "<1-0@news.example>"


def test_a_wrong_key_is_refused_as_sendgrid_does(standin: Any, body: Any) -> None:
    caller = standin()
    wrong = {"Authorization": "Bearer SG.other"}
    for method, path in (("POST", "/v3/mail/send"), ("GET", "/v3/scopes")):
        answer = caller.request(method, path, headers=wrong)
        assert answer.status_code == 401
        assert "authorization grant" in answer.json()["errors"][0]["message"]
    assert caller.get("/v3/scopes")["scopes"]


def test_a_crossed_limit_is_a_400_that_takes_nothing(standin: Any, body: Any) -> None:
    caller = standin()
    answer = caller.send(body(1001))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "personalizations"
    assert caller.send([]).status_code == 400
    assert caller.request("POST", "/v3/mail/send", content=b"{").status_code == 400
    assert caller.get("/standin/stats")["received"] == 0


def test_sandbox_mode_checks_and_takes_nothing(standin: Any, body: Any) -> None:
    caller = standin()
    settings = {"sandbox_mode": {"enable": True}}
    assert caller.send(body(mail_settings=settings)).status_code == 200
    assert caller.send(body(mail_settings=settings, subject="")).status_code == 400
    assert caller.get("/standin/stats")["received"] == 0


def test_stats_and_tally_tell_who_got_it_twice_and_who_is_missing(standin: Any, body: Any) -> None:
    caller = standin()
    caller.send(body(3))
    caller.send(body(1))
    stats = caller.get("/standin/stats")
    assert (stats["received"], stats["unique"], stats["twice"]) == (4, 3, 1)
    expected = [f"Reader-{number}@example.com" for number in range(5)]
    counted = tally(caller.journal, edition="1", expected=expected)
    assert (counted.received, counted.unique, counted.missing, counted.twice) == (4, 3, 2, 1)


def test_a_journal_cut_in_the_middle_of_a_line_is_read_up_to_there(standin: Any, body: Any) -> None:
    caller = standin()
    caller.send(body(2))
    whole = caller.journal.read_bytes()
    caller.journal.write_bytes(whole[:-5])
    assert len(list(read_journal(caller.journal))) == 1


def test_a_new_stand_in_goes_on_with_the_journal(standin: Any, body: Any) -> None:
    first = standin()
    first.send(body(2))
    first.standin.stop()
    with Journal(first.journal) as journal:
        assert (journal.received, journal.unique) == (2, 2)
    second = standin()
    second.send(body(1))
    assert second.get("/standin/stats")["twice"] == 1


def test_mails_are_shown_as_their_readers_get_them(standin: Any, body: Any) -> None:
    caller = standin()
    caller.send(body(3))
    found = caller.get("/standin/mails", q="reader-1@")
    assert found["total"] == 1
    mail = caller.get(f"/standin/mails/{found['mails'][0]['id']}")
    assert mail["html"] == "<p>Hello token-1</p>"
    assert mail["text"] == "Hello token-1"
    assert mail["from"] == "The News <news@news.example>"
    assert mail["headers"]["Message-ID"] == "<1-1@news.example>"
    assert caller.request("GET", "/standin/mails/none").status_code == 404


def test_pages_of_mails_are_newest_first_and_bounded(standin: Any, body: Any) -> None:
    caller = standin(kept=5)
    caller.send(body(8))
    page = caller.get("/standin/mails", limit="2", offset="1")
    assert page["total"] == 5
    assert [mail["to"] for mail in page["mails"]] == [
        "reader-6@example.com",
        "reader-5@example.com",
    ]
    assert caller.request("GET", "/standin/mails?limit=x").status_code == 400


@pytest.mark.parametrize(("taken", "received"), [(True, 2), (False, 0)])
def test_an_ordered_error_is_met_once_whether_the_mail_was_taken_or_not(
    standin: Any, body: Any, *, taken: bool, received: int
) -> None:
    caller = standin()
    fault = {"kind": "status", "status": 500, "taken": taken}
    assert caller.request("POST", "/standin/faults", json=fault).status_code == 204
    assert caller.send(body(2)).status_code == 500
    assert caller.get("/standin/stats")["received"] == received
    assert caller.send(body(2)).status_code == 202


def test_an_ordered_429_says_when_to_come_back(standin: Any, body: Any) -> None:
    caller = standin()
    caller.request("POST", "/standin/faults", json={"kind": "status", "status": 429, "times": 2})
    for _ in range(2):
        answer = caller.send(body())
        assert answer.status_code == 429
        assert answer.headers["X-RateLimit-Reset"].isdigit()
    assert caller.send(body()).status_code == 202


def test_an_ordered_cut_ends_the_connection_without_an_answer(standin: Any, body: Any) -> None:
    caller = standin()
    caller.request("POST", "/standin/faults", json={"kind": "cut", "taken": True})
    with pytest.raises(httpx.TransportError):
        caller.send(body(2))
    assert caller.get("/standin/stats")["received"] == 2


def test_faults_can_be_called_off_and_nonsense_is_refused(standin: Any, body: Any) -> None:
    caller = standin()
    caller.request("POST", "/standin/faults", json={"kind": "status", "times": 9})
    caller.request("DELETE", "/standin/faults")
    assert caller.send(body()).status_code == 202
    assert caller.request("POST", "/standin/faults", json={"kind": "x"}).status_code == 400
    assert caller.request("POST", "/standin/faults", json={"sort": "x"}).status_code == 400


def test_it_serves_several_senders_at_once(standin: Any, body: Any) -> None:
    caller = standin()
    caller.request("POST", "/standin/delay", json={"seconds": 0.05})
    threads = [threading.Thread(target=caller.send, args=(body(5),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert caller.get("/standin/stats")["received"] == 20


def test_it_ends_when_whoever_started_it_is_gone(standin: Any) -> None:
    process = standin().standin._process
    process.stdin.close()
    assert process.wait(10) == 0
