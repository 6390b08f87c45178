"""The samples: clean, varied, and the same every time."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from emails.addresses import Addresses
from emails.brand import Brand, Topic
from emails.composer import compose
from emails.issue import Benchmarks, Links, Papers, Repositories
from emails.issue_files import parse_issue
from emails.preflight import HTML_BUDGET, check, filled_size
from emails.tex import tex_to_html
from newsletter.sandbox.samples import PUBLICATION, SampleEdition, sample_editions
from newsletter.sandbox.samples.readers import MOST, invented_readers, write_readers
from newsletter.settings import PublicationSettings

SAMPLES = sample_editions()
EACH = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)


def brand() -> Brand:
    topics = PublicationSettings.model_validate(PUBLICATION).topics
    return Brand.default().model_copy(
        update={"topics": tuple(Topic(key=one.key, label=one.label) for one in topics)}
    )


def test_there_are_three_editions_oldest_first() -> None:
    dates = [sample.issue.date for sample in SAMPLES]
    assert len(dates) == 3
    assert dates == sorted(dates)


@EACH
def test_an_edition_loads_without_a_warning(sample: SampleEdition) -> None:
    assert parse_issue(sample.source, name=sample.name).warnings == ()


@EACH
def test_an_edition_has_the_shape_of_a_real_one(sample: SampleEdition) -> None:
    sections = sample.issue.sections
    count = Counter(section.kind for section in sections)
    assert count == {"essay": 1, "links": 2, "papers": 1, "benchmarks": 1, "repositories": 1}
    assert sum(len(one.items) for one in sections if isinstance(one, Links)) == 12
    assert [len(one.items) for one in sections if isinstance(one, Papers)] == [6]
    assert [len(one.tables) for one in sections if isinstance(one, Benchmarks)] == [2]
    assert all(one.items for one in sections if isinstance(one, Repositories))


@EACH
def test_an_edition_composes_small_and_without_findings(sample: SampleEdition) -> None:
    earlier = [one.issue for one in reversed(SAMPLES) if one.issue.date < sample.issue.date]
    composition = compose(sample.issue, brand(), addresses=Addresses.sample(), earlier=earlier)
    assert check(composition, issue=sample.issue, brand=brand()) == ()
    assert filled_size(composition) < HTML_BUDGET


@EACH
def test_every_formula_is_understood_and_there_are_many(sample: SampleEdition) -> None:
    papers = next(one for one in sample.issue.sections if isinstance(one, Papers)).items
    abstracts = [paper.abstract or "" for paper in papers]
    assert [tex_to_html(abstract).unknown for abstract in abstracts] == [()] * 6
    assert sum(abstract.count("$") for abstract in abstracts) > 40


def test_links_lead_to_example_hosts_only() -> None:
    composition = compose(SAMPLES[-1].issue, brand(), addresses=Addresses.sample())
    hosts = {link.url.split("/")[2] for link in composition.links}
    assert {host for host in hosts if not host.endswith(".example")} == set()


def test_the_benchmarks_have_a_history_to_show() -> None:
    newest = SAMPLES[-1].issue
    earlier = [SAMPLES[1].issue, SAMPLES[0].issue]
    with_history = compose(newest, brand(), addresses=Addresses.sample(), earlier=earlier)
    alone = compose(newest, brand(), addresses=Addresses.sample())
    for mark in "▲▼":
        assert mark in with_history.html
        assert mark not in alone.html


def test_readers_are_the_same_every_time_and_no_address_comes_twice() -> None:
    readers = list(invented_readers(5_000))
    assert readers == list(invented_readers(5_000))
    assert len({reader.email for reader in readers}) == 5_000
    domains = {reader.email.partition("@")[2] for reader in readers}
    assert domains == {"example.com", "example.org", "example.net"}


def test_readers_differ_in_tracking_and_muted_topics() -> None:
    readers = list(invented_readers(5_000))
    tracking = Counter(reader.tracking_consent for reader in readers)
    assert tracking["yes"] > tracking[""] > tracking["no"] > 300
    assert {reader.muted for reader in readers} == {"", "papers", "benchmarks trending"}


def test_no_more_readers_than_there_are_names() -> None:
    with pytest.raises(ValueError, match="6,000"):
        next(invented_readers(MOST + 1))


def test_the_file_of_readers_says_what_it_returns(tmp_path: Path) -> None:
    addresses = write_readers(tmp_path / "readers.csv", 20)
    with (tmp_path / "readers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["email"] for row in rows] == addresses
    assert set(rows[0]) == {"email", "name", "tracking_consent", "muted"}
