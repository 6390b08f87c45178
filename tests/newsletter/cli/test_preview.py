"""`newsletter preview`: before it listens, there must be something to show."""

from tests.newsletter.cli.conftest import EDITION, Shell


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
