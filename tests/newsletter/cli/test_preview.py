"""`newsletter preview`: before it listens, there must be something to show."""

from emails.issue_files import load_issue
from newsletter.cli.compose import load_addresses
from tests.newsletter.cli.conftest import EDITION, Shell


def test_its_mail_leads_to_the_publications_own_site(bare: Shell) -> None:
    issue = load_issue(bare.write("edition.yaml", EDITION)).issue
    config = bare.write("newsletter.toml", 'base_url = "https://news.example.org/"\n')
    brand = bare.write("brand.toml", 'name = "News"\n')
    assert load_addresses(config, issue).view_online == (
        f"https://news.example.org/archive/{issue.name}"
    )
    for path in (brand, None):
        assert load_addresses(path, issue).archive == "https://newsletter.example/archive"


def test_a_file_that_is_not_there_is_told_as_check_tells_it(bare: Shell) -> None:
    checked = bare("check", "missing.yaml")
    previewed = bare("preview", "missing.yaml", "--port", "0")
    assert (previewed.code, previewed.err) == (1, checked.err)
    assert "missing.yaml" in previewed.err
    assert previewed.out == ""


def test_a_brand_file_that_is_not_there_is_told_as_well(bare: Shell) -> None:
    bare.write("edition.yaml", EDITION)
    refused = bare("preview", "edition.yaml", "--brand", "nope.toml", "--port", "0")
    assert refused.code == 1
    assert "nope.toml" in refused.err
    assert refused.out == ""
