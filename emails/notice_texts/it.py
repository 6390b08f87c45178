"""The small mails to readers in Italian."""

from collections.abc import Mapping

from emails.notice_texts.texts import Texts

ITALIAN: Mapping[str, Texts] = {
    "confirm": Texts(
        subject="Conferma, per favore: {name}",
        heading="Un clic per iscriverti",
        lines=(
            "Qualcuno, probabilmente tu, ha chiesto che {name} arrivi a questo indirizzo.",
            "Conferma, per favore, che lo desideri.",
        ),
        button="Conferma",
        small=(
            "Se non sei stato tu, non fare nulla: senza la tua conferma non verrà inviato altro.",
        ),
        footnote="Ricevi questo messaggio perché l’indirizzo è stato inserito nel nostro modulo.",
    ),
    "welcome": Texts(
        subject="Ecco {name}: benvenuto",
        heading="L’iscrizione è attiva",
        lines=(
            "Grazie. Il prossimo numero di {name} arriverà a questo indirizzo.",
            "Puoi scegliere gli argomenti, fare una pausa o rifiutare il tracciamento quando vuoi.",
        ),
        button="Preferenze",
        link="Annulla l’iscrizione",
        footnote="Ricevi questo messaggio perché ti sei iscritto a {name}.",
    ),
    "goodbye": Texts(
        subject="Hai lasciato {name}",
        heading="L’iscrizione è annullata",
        lines=("{name} non verrà più inviato a questo indirizzo.",),
        button="Ripristina",
        small=("Se era ciò che volevi, non c’è altro da fare.",),
        footnote="Quest’ultimo messaggio ti conferma la cancellazione.",
    ),
    "preferences": Texts(
        subject="Il tuo link a {name}",
        heading="Le tue preferenze",
        lines=("Ecco il link alle tue preferenze per {name}. Vale un giorno.",),
        button="Preferenze",
        small=("Se non l’hai chiesto, ignora questo messaggio e non inoltrarlo.",),
    ),
    "copy": Texts(
        subject="Una copia dei tuoi dati: {name}",
        heading="Una copia dei tuoi dati",
        lines=(
            "Qualcuno, probabilmente tu, ha chiesto una copia di tutto ciò che è conservato su questo indirizzo.",
        ),
        button="Vedi e scarica",
        small=(
            "Il link vale una volta e per un giorno. Se non sei stato tu, ignora questo messaggio.",
        ),
    ),
    "erasure": Texts(
        subject="Cancellare i tuoi dati: {name}?",
        heading="Cancellare i tuoi dati?",
        lines=(
            "Qualcuno, probabilmente tu, ha chiesto di cancellare tutto ciò che è conservato su questo indirizzo.",
            "Non succede nulla finché non apri il link e lo confermi.",
        ),
        button="Cancella",
        small=(
            "Il link vale una volta e per un giorno. Se non sei stato tu, ignora questo messaggio.",
        ),
    ),
}
