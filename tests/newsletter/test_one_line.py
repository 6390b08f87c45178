from newsletter.one_line import one_line


def test_words_from_outside_become_one_line_without_controls() -> None:
    assert one_line(" 550\x00 no\r\n such\x1b[31m \ud800user\u2028here ") == (
        "550 no such [31m user here"
    )


def test_letters_and_joined_emoji_stay_as_they_are() -> None:
    assert one_line("Grüße, 👩\u200d🔬 日本") == "Grüße, 👩\u200d🔬 日本"
