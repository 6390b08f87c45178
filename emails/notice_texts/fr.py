"""The small mails to readers in French."""

from collections.abc import Mapping

from emails.notice_texts.texts import Texts

FRENCH: Mapping[str, Texts] = {
    "confirm": Texts(
        subject="Veuillez confirmer : {name}",
        heading="Un clic pour vous abonner",
        lines=(
            "Quelqu’un, sans doute vous, a demandé que {name} soit envoyé à cette adresse.",
            "Veuillez confirmer que vous le souhaitez.",
        ),
        button="Confirmer",
        small=(
            "Si ce n’était pas vous, ne faites rien : sans votre confirmation, rien d’autre ne sera envoyé.",
        ),
        footnote="Vous recevez ce message parce que cette adresse a été saisie dans notre formulaire.",
    ),
    "welcome": Texts(
        subject="Bienvenue à {name}",
        heading="Vous êtes abonné(e)",
        lines=(
            "Merci. Le prochain numéro de {name} arrivera à cette adresse.",
            "Vous pouvez à tout moment choisir des thèmes, faire une pause ou refuser le suivi.",
        ),
        button="Préférences",
        link="Se désabonner",
        footnote="Vous recevez ce message parce que vous vous êtes abonné(e) à {name}.",
    ),
    "goodbye": Texts(
        subject="Vous avez quitté {name}",
        heading="Vous êtes désabonné(e)",
        lines=("{name} ne sera plus envoyé à cette adresse.",),
        button="Annuler",
        small=("Si c’est bien ce que vous vouliez, il n’y a rien d’autre à faire.",),
        footnote="Ce dernier message vous confirme votre désabonnement.",
    ),
    "preferences": Texts(
        subject="Votre lien vers {name}",
        heading="Vos préférences",
        lines=("Voici le lien vers vos préférences pour {name}. Il est valable un jour.",),
        button="Préférences",
        small=("Si vous ne l’avez pas demandé, ignorez ce message, et ne le transférez pas.",),
    ),
    "copy": Texts(
        subject="Une copie de vos données : {name}",
        heading="Une copie de vos données",
        lines=(
            "Quelqu’un, sans doute vous, a demandé une copie de tout ce qui est conservé sur cette adresse.",
        ),
        button="Voir et télécharger",
        small=(
            "Le lien sert une fois, pendant un jour. Si ce n’était pas vous, ignorez ce message.",
        ),
    ),
    "erasure": Texts(
        subject="Effacer vos données : {name} ?",
        heading="Effacer vos données ?",
        lines=(
            "Quelqu’un, sans doute vous, a demandé que tout ce qui est conservé sur cette adresse soit effacé.",
            "Rien ne se passe tant que vous n’ouvrez pas le lien pour le confirmer.",
        ),
        button="Effacer",
        small=(
            "Le lien sert une fois, pendant un jour. Si ce n’était pas vous, ignorez ce message.",
        ),
    ),
}
