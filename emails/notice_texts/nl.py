"""The small mails to readers in Dutch."""

from collections.abc import Mapping

from emails.notice_texts.texts import Texts

DUTCH: Mapping[str, Texts] = {
    "confirm": Texts(
        subject="Bevestig alstublieft: {name}",
        heading="Eén klik om u te abonneren",
        lines=(
            "Iemand, waarschijnlijk uzelf, heeft gevraagd om {name} naar dit adres te sturen.",
            "Bevestig alstublieft dat u dat wilt.",
        ),
        button="Bevestigen",
        small=(
            "Was u het niet? Doe dan niets: zonder uw bevestiging wordt er niets meer gestuurd.",
        ),
        footnote="U ontvangt deze mail omdat dit adres in ons formulier is ingevuld.",
    ),
    "welcome": Texts(
        subject="Welkom bij {name}",
        heading="U bent geabonneerd",
        lines=(
            "Dank u wel. De volgende editie van {name} komt naar dit adres.",
            "U kunt altijd onderwerpen kiezen, pauzeren of volgen weigeren.",
        ),
        button="Voorkeuren",
        link="Afmelden",
        footnote="U ontvangt deze mail omdat u zich op {name} hebt geabonneerd.",
    ),
    "goodbye": Texts(
        subject="U hebt {name} opgezegd",
        heading="U bent afgemeld",
        lines=("{name} wordt niet meer naar dit adres gestuurd.",),
        button="Ongedaan maken",
        small=("Als dat de bedoeling was, hoeft u niets meer te doen.",),
        footnote="Deze laatste mail bevestigt uw afmelding.",
    ),
    "preferences": Texts(
        subject="Uw link naar {name}",
        heading="Uw voorkeuren",
        lines=("Dit is de link naar uw voorkeuren bij {name}. Hij werkt één dag.",),
        button="Voorkeuren",
        small=("Hebt u er niet om gevraagd? Negeer deze mail dan, en stuur hem niet door.",),
    ),
    "copy": Texts(
        subject="Een kopie van uw gegevens bij {name}",
        heading="Een kopie van uw gegevens",
        lines=(
            "Iemand, waarschijnlijk uzelf, heeft gevraagd om een kopie van alles wat over dit adres wordt bewaard.",
        ),
        button="Bekijken en downloaden",
        small=("De link werkt één keer, één dag lang. Was u het niet? Negeer deze mail dan.",),
    ),
    "erasure": Texts(
        subject="Uw gegevens bij {name} wissen?",
        heading="Uw gegevens wissen?",
        lines=(
            "Iemand, waarschijnlijk uzelf, heeft gevraagd om alles te wissen wat over dit adres wordt bewaard.",
            "Er gebeurt niets zolang u de link niet opent en het daar bevestigt.",
        ),
        button="Wissen",
        small=("De link werkt één keer, één dag lang. Was u het niet? Negeer deze mail dan.",),
    ),
}
