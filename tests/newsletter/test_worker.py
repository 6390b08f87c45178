"""The worker's rounds: a duty that fails keeps no other from its work."""

from newsletter.worker import make_the_rounds


def test_one_duty_of_the_house_that_fails_keeps_no_other_from_its_work() -> None:
    done: list[float] = []

    def work(now: float) -> bool:
        done.append(now)
        return True

    def fail(_now: float) -> None:
        raise PermissionError("the disk can't be looked at")

    assert make_the_rounds([fail, work])
    assert len(done) == 1
