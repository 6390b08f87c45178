"""The site under measurement, in a process of its own, as `newsletter serve` runs it."""

from newsletter.bench.helper import answer, hear
from newsletter.bench.meter import Moment, peak_mb, resident_mb
from newsletter.bench.sender import bench_settings
from newsletter.database import Database
from newsletter.web.app import create_app
from newsletter.web.serving import serving

LOOPBACK = "127.0.0.1"


def work(database_url: str) -> None:
    """Serve until told to end; then say what that took."""
    base = resident_mb()
    database = Database(database_url)
    settings = bench_settings(database_url=database_url)
    with serving(lambda _address: create_app(settings, database), host=LOOPBACK) as address:
        begun = Moment.now()
        answer({"host": LOOPBACK, "port": int(address.rpartition(":")[2])})
        hear()
        ended = Moment.now()
    database.close()
    answer(
        {
            "cpu": ended.cpu - begun.cpu,
            "peak_rss_mb": round(peak_mb(), 1),
            "base_rss_mb": round(base, 1),
        }
    )


if __name__ == "__main__":
    work(**hear())
