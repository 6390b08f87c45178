"""The small mails to readers in German."""

from collections.abc import Mapping

from emails.notice_texts.texts import Texts

GERMAN: Mapping[str, Texts] = {
    "confirm": Texts(
        subject="Bitte bestätigen: {name}",
        heading="Ein Klick zum Abonnement",
        lines=(
            "Jemand, vermutlich Sie selbst, hat {name} an diese Adresse bestellt.",
            "Bitte bestätigen Sie, dass Sie das möchten.",
        ),
        button="Bestätigen",
        small=(
            "Waren Sie es nicht? Dann tun Sie nichts: Ohne Ihre Bestätigung kommt nichts weiter.",
        ),
        footnote="Sie erhalten diese Mail, weil diese Adresse in unser Formular eingegeben wurde.",
    ),
    "welcome": Texts(
        subject="Willkommen bei {name}",
        heading="Ihr Abonnement läuft",
        lines=(
            "Danke. Die nächste Ausgabe von {name} kommt an diese Adresse.",
            "Themen wählen, pausieren oder Tracking ablehnen können Sie jederzeit.",
        ),
        button="Einstellungen",
        link="Abbestellen",
        footnote="Sie erhalten diese Mail, weil Sie {name} abonniert haben.",
    ),
    "goodbye": Texts(
        subject="Sie haben {name} abbestellt",
        heading="Abbestellt",
        lines=("{name} wird nicht mehr an diese Adresse geschickt.",),
        button="Rückgängig machen",
        small=("War es so gemeint, ist nichts weiter zu tun.",),
        footnote="Diese letzte Mail bestätigt Ihnen die Abbestellung.",
    ),
    "preferences": Texts(
        subject="Ihr Link zu {name}",
        heading="Ihre Einstellungen",
        lines=("Hier ist der Link zu Ihren Einstellungen bei {name}. Er gilt einen Tag lang.",),
        button="Einstellungen",
        small=(
            "Haben Sie ihn nicht angefordert, beachten Sie diese Mail nicht. Bitte leiten Sie sie nicht weiter.",
        ),
    ),
    "copy": Texts(
        subject="Eine Kopie Ihrer Daten bei {name}",
        heading="Eine Kopie Ihrer Daten",
        lines=(
            "Jemand, vermutlich Sie selbst, möchte eine Kopie von allem, was zu dieser Adresse gespeichert ist.",
        ),
        button="Ansehen und herunterladen",
        small=(
            "Der Link gilt einmal und einen Tag lang. Waren Sie es nicht, beachten Sie diese Mail nicht.",
        ),
    ),
    "erasure": Texts(
        subject="Ihre Daten bei {name} löschen?",
        heading="Ihre Daten löschen?",
        lines=(
            "Jemand, vermutlich Sie selbst, möchte alles löschen lassen, was zu dieser Adresse gespeichert ist.",
            "Es geschieht nichts, solange Sie nicht den Link öffnen und es dort bestätigen.",
        ),
        button="Löschen",
        small=(
            "Der Link gilt einmal und einen Tag lang. Waren Sie es nicht, beachten Sie diese Mail nicht.",
        ),
    ),
}
