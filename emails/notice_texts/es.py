"""The small mails to readers in Spanish."""

from collections.abc import Mapping

from emails.notice_texts.texts import Texts

SPANISH: Mapping[str, Texts] = {
    "confirm": Texts(
        subject="Por favor, confirma: {name}",
        heading="Un clic para suscribirte",
        lines=(
            "Alguien, probablemente tú, ha pedido que {name} se envíe a esta dirección.",
            "Por favor, confirma que lo quieres.",
        ),
        button="Confirmar",
        small=("Si no fuiste tú, no hagas nada: sin tu confirmación no se enviará nada más.",),
        footnote="Recibes este correo porque esta dirección se escribió en nuestro formulario.",
    ),
    "welcome": Texts(
        subject="Te damos la bienvenida a {name}",
        heading="Tu suscripción está activa",
        lines=(
            "Gracias. El próximo número de {name} llegará a esta dirección.",
            "Puedes elegir temas, hacer una pausa o rechazar el seguimiento cuando quieras.",
        ),
        button="Preferencias",
        link="Darse de baja",
        footnote="Recibes este correo porque te suscribiste a {name}.",
    ),
    "goodbye": Texts(
        subject="Te has dado de baja de {name}",
        heading="Te has dado de baja",
        lines=("{name} ya no se enviará a esta dirección.",),
        button="Deshacer",
        small=("Si era tu intención, no hay nada más que hacer.",),
        footnote="Este último correo te confirma la baja.",
    ),
    "preferences": Texts(
        subject="Tu enlace a {name}",
        heading="Tus preferencias",
        lines=("Este es el enlace a tus preferencias de {name}. Sirve durante un día.",),
        button="Preferencias",
        small=("Si no lo has pedido, no hagas caso de este correo, y no lo reenvíes.",),
    ),
    "copy": Texts(
        subject="Una copia de tus datos en {name}",
        heading="Una copia de tus datos",
        lines=(
            "Alguien, probablemente tú, ha pedido una copia de todo lo que se guarda sobre esta dirección.",
        ),
        button="Ver y descargar",
        small=(
            "El enlace sirve una vez y durante un día. Si no fuiste tú, no hagas caso de este correo.",
        ),
    ),
    "erasure": Texts(
        subject="¿Borrar tus datos en {name}?",
        heading="¿Borrar tus datos?",
        lines=(
            "Alguien, probablemente tú, ha pedido que se borre todo lo que se guarda sobre esta dirección.",
            "No pasará nada si no abres el enlace y lo confirmas allí.",
        ),
        button="Borrar",
        small=(
            "El enlace sirve una vez y durante un día. Si no fuiste tú, no hagas caso de este correo.",
        ),
    ),
}
