"""The words that a mail brings itself, in each language that has them. Tables only.

`emails.wording` puts them together. What an issue's language has no table for is said in English.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language's words; what stands in braces is filled in."""

    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    """Monday first."""
    date: str = "{day} {month} {year}"
    dated: str = "{weekday} {date}"
    first_day: str = "1"
    """How the first of a month is written."""
    day_dash: str = "–"
    """Between the two days of a range within one month."""
    thousands: str
    """What groups the digits of large numbers."""

    number: str
    by: str
    view_online: str
    unsubscribe: str
    preferences: str
    archive: str
    subscribed: str
    correction: str
    to_edition_of: str
    more_on_web: str
    read_more: str
    code: str
    links: str
    via: str
    paywall: str
    others: str
    rank: str
    new: str
    up: str
    down: str
    unchanged_since: str
    today: str
    this_week: str
    this_month: str
    sponsored: str
    online: str
    photo: str


ENGLISH = Words(
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    dated="{weekday}, {date}",
    thousands=",",
    number="No. {number}",
    by="By {names}",
    view_online="View online",
    unsubscribe="Unsubscribe",
    preferences="Preferences",
    archive="Archive",
    subscribed="You receive this mail because you subscribed to {name}.",
    correction="Correction",
    to_edition_of="to the edition of",
    more_on_web="{count} more on the web",
    read_more="Read more",
    code="Code",
    links="Links",
    via="via {name}",
    paywall="paywall",
    others="{names} and {count} others",
    rank="Rank",
    new="new",
    up="up {count}",
    down="down {count}",
    unchanged_since="Unchanged since {date}",
    today="today",
    this_week="this week",
    this_month="this month",
    sponsored="Advertisement",
    online="online",
    photo="Image: {credit}",
)

GERMAN = Words(
    months=(
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    weekdays=(
        *("Montag", "Dienstag", "Mittwoch", "Donnerstag"),
        *("Freitag", "Samstag", "Sonntag"),
    ),
    date="{day}. {month} {year}",
    dated="{weekday}, {date}",
    day_dash=".–",
    thousands=".",
    number="Nr. {number}",
    by="Von {names}",
    view_online="Im Browser lesen",
    unsubscribe="Abbestellen",
    preferences="Einstellungen",
    archive="Archiv",
    subscribed="Sie erhalten diese Mail, weil Sie {name} abonniert haben.",
    correction="Korrektur",
    to_edition_of="zur Ausgabe vom",
    more_on_web="{count} weitere im Web",
    read_more="Weiterlesen",
    code="Code",
    links="Links",
    via="über {name}",
    paywall="Bezahlschranke",
    others="{names} und {count} weitere",
    rank="Rang",
    new="neu",
    up="{count} aufwärts",
    down="{count} abwärts",
    unchanged_since="Unverändert seit {date}",
    today="heute",
    this_week="diese Woche",
    this_month="diesen Monat",
    sponsored="Anzeige",
    online="online",
    photo="Bild: {credit}",
)

FRENCH = Words(
    months=(
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    first_day="1er",
    thousands="\u202f",
    number="N° {number}",
    by="Par {names}",
    view_online="Lire en ligne",
    unsubscribe="Se désabonner",
    preferences="Préférences",
    archive="Archives",
    subscribed="Vous recevez ce message parce que vous êtes abonné à {name}.",
    correction="Rectificatif",
    to_edition_of="à l’édition du",
    more_on_web="{count} de plus sur le web",
    read_more="Lire la suite",
    code="Code",
    links="Liens",
    via="via {name}",
    paywall="payant",
    others="{names} et {count} autres",
    rank="Rang",
    new="nouveau",
    up="en hausse de {count}",
    down="en baisse de {count}",
    unchanged_since="Inchangé depuis le {date}",
    today="aujourd’hui",
    this_week="cette semaine",
    this_month="ce mois-ci",
    sponsored="Publicité",
    online="en ligne",
    photo="Image : {credit}",
)

SPANISH = Words(
    months=(
        *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
        *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ),
    weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    date="{day} de {month} de {year}",
    dated="{weekday}, {date}",
    thousands=".",
    number="N.º {number}",
    by="Por {names}",
    view_online="Ver en línea",
    unsubscribe="Darse de baja",
    preferences="Preferencias",
    archive="Archivo",
    subscribed="Recibe este correo porque está suscrito a {name}.",
    correction="Corrección",
    to_edition_of="a la edición del",
    more_on_web="{count} más en la web",
    read_more="Leer más",
    code="Código",
    links="Enlaces",
    via="vía {name}",
    paywall="de pago",
    others="{names} y {count} más",
    rank="Puesto",
    new="nuevo",
    up="sube {count}",
    down="baja {count}",
    unchanged_since="Sin cambios desde el {date}",
    today="hoy",
    this_week="esta semana",
    this_month="este mes",
    sponsored="Publicidad",
    online="en línea",
    photo="Imagen: {credit}",
)

ITALIAN = Words(
    months=(
        *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno"),
        *("luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    ),
    weekdays=("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    first_day="1º",
    thousands=".",
    number="N. {number}",
    by="Di {names}",
    view_online="Leggi online",
    unsubscribe="Annulla l’iscrizione",
    preferences="Preferenze",
    archive="Archivio",
    subscribed="Ricevi questa email perché ti sei iscritto a {name}.",
    correction="Correzione",
    to_edition_of="all’edizione del",
    more_on_web="Altri {count} sul web",
    read_more="Continua a leggere",
    code="Codice",
    links="Link",
    via="via {name}",
    paywall="a pagamento",
    others="{names} e altri {count}",
    rank="Posizione",
    new="nuovo",
    up="su di {count}",
    down="giù di {count}",
    unchanged_since="Invariato dal {date}",
    today="oggi",
    this_week="questa settimana",
    this_month="questo mese",
    sponsored="Pubblicità",
    online="online",
    photo="Immagine: {credit}",
)

PORTUGUESE = Words(
    months=(
        *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
        *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    ),
    weekdays=(
        *("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira"),
        *("sexta-feira", "sábado", "domingo"),
    ),
    date="{day} de {month} de {year}",
    dated="{weekday}, {date}",
    first_day="1º",
    thousands=".",
    number="N.º {number}",
    by="Por {names}",
    view_online="Ver online",
    unsubscribe="Cancelar a subscrição",
    preferences="Preferências",
    archive="Arquivo",
    subscribed="Recebe este e-mail porque subscreveu {name}.",
    correction="Correção",
    to_edition_of="à edição de",
    more_on_web="Mais {count} na web",
    read_more="Ler mais",
    code="Código",
    links="Ligações",
    via="via {name}",
    paywall="pago",
    others="{names} e mais {count}",
    rank="Posição",
    new="novo",
    up="sobe {count}",
    down="desce {count}",
    unchanged_since="Sem alterações desde {date}",
    today="hoje",
    this_week="esta semana",
    this_month="este mês",
    sponsored="Publicidade",
    online="online",
    photo="Imagem: {credit}",
)

DUTCH = Words(
    months=(
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
    weekdays=(
        *("maandag", "dinsdag", "woensdag", "donderdag"),
        *("vrijdag", "zaterdag", "zondag"),
    ),
    thousands=".",
    number="Nr. {number}",
    by="Door {names}",
    view_online="Online lezen",
    unsubscribe="Uitschrijven",
    preferences="Voorkeuren",
    archive="Archief",
    subscribed="Je ontvangt deze mail omdat je op {name} bent geabonneerd.",
    correction="Correctie",
    to_edition_of="bij de editie van",
    more_on_web="Nog {count} op het web",
    read_more="Lees verder",
    code="Code",
    links="Links",
    via="via {name}",
    paywall="betaalmuur",
    others="{names} en {count} anderen",
    rank="Rang",
    new="nieuw",
    up="{count} omhoog",
    down="{count} omlaag",
    unchanged_since="Ongewijzigd sinds {date}",
    today="vandaag",
    this_week="deze week",
    this_month="deze maand",
    sponsored="Advertentie",
    online="online",
    photo="Beeld: {credit}",
)

LANGUAGES = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": FRENCH,
    "es": SPANISH,
    "it": ITALIAN,
    "pt": PORTUGUESE,
    "nl": DUTCH,
}
"""By the language tag's first part, in small letters."""
