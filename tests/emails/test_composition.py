from dataclasses import replace

from emails.composition import Composition, Finding, TrackedLink

COMPOSITION = Composition(
    subject="Ünïcode",
    preheader="p",
    mjml="<mjml/>",
    html="<p>Q1R0Q – 👍</p>",
    text="t",
    slots={"token": "Q1R0Q"},
    links=(TrackedLink(1, "https://a.example/", "A"),),
    warnings=(Finding("code", "warning", "field", "message"),),
)


def test_a_stored_composition_reads_back_equal() -> None:
    assert Composition.from_json(COMPOSITION.to_json()) == COMPOSITION


def test_the_digest_covers_what_readers_get_and_nothing_else() -> None:
    assert replace(COMPOSITION, warnings=(), mjml="", links=()).digest == COMPOSITION.digest
    for changed in (
        replace(COMPOSITION, subject="other"),
        replace(COMPOSITION, html="other"),
        replace(COMPOSITION, text="other"),
    ):
        assert changed.digest != COMPOSITION.digest
