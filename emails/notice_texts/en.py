"""The small mails to readers in English."""

from collections.abc import Mapping

from emails.notice_texts.texts import Texts

ENGLISH: Mapping[str, Texts] = {
    "confirm": Texts(
        subject="Please confirm: {name}",
        heading="One click to subscribe",
        lines=(
            "Somebody, probably you, asked for {name} to be sent to this address.",
            "Please confirm that you want it.",
        ),
        button="Confirm",
        small=(
            "If it wasn't you, do nothing: without your confirmation nothing more will be sent.",
        ),
        footnote="You receive this mail because this address was entered in our sign-up form.",
    ),
    "welcome": Texts(
        subject="Welcome to {name}",
        heading="You are subscribed",
        lines=(
            "Thank you. The next edition of {name} will come to this address.",
            "You can choose topics, pause, or refuse tracking whenever you like.",
        ),
        button="Preferences",
        link="Unsubscribe",
        footnote="You receive this mail because you subscribed to {name}.",
    ),
    "goodbye": Texts(
        subject="You have left {name}",
        heading="You are unsubscribed",
        lines=("{name} won't be sent to this address any more.",),
        button="Undo",
        small=("If you meant it, there is nothing more to do.",),
        footnote="You receive this one last mail to confirm that you have unsubscribed.",
    ),
    "preferences": Texts(
        subject="Your link to {name}",
        heading="Your preferences",
        lines=("Here is the link to your own preferences at {name}. It works for a day.",),
        button="Preferences",
        small=("If you didn't ask for it, ignore this mail, and please don't forward it.",),
    ),
    "copy": Texts(
        subject="A copy of your data at {name}",
        heading="A copy of your data",
        lines=("Somebody, probably you, asked for a copy of all that is kept about this address.",),
        button="See and download",
        small=("The link works once, and for a day. If it wasn't you, ignore this mail.",),
    ),
    "erasure": Texts(
        subject="Erase your data at {name}?",
        heading="Erase your data?",
        lines=(
            "Somebody, probably you, asked for all that is kept about this address to be erased.",
            "Nothing happens unless you open the link and say so there.",
        ),
        button="Erase",
        small=("The link works once, and for a day. If it wasn't you, ignore this mail.",),
    ),
}
