"""The small mails to readers in Portuguese."""

from collections.abc import Mapping

from emails.notice_texts.texts import Texts

PORTUGUESE: Mapping[str, Texts] = {
    "confirm": Texts(
        subject="Confirme, por favor: {name}",
        heading="Um clique para assinar",
        lines=(
            "Alguém, provavelmente você, pediu que {name} seja enviado para este endereço.",
            "Confirme, por favor, que é isso que deseja.",
        ),
        button="Confirmar",
        small=("Se não foi você, não faça nada: sem a sua confirmação nada mais será enviado.",),
        footnote="Recebe esta mensagem porque este endereço foi escrito no nosso formulário.",
    ),
    "welcome": Texts(
        subject="Boas-vindas a {name}",
        heading="A sua assinatura está ativa",
        lines=(
            "Obrigado. A próxima edição de {name} chegará a este endereço.",
            "Pode escolher temas, fazer uma pausa ou recusar o rastreamento quando quiser.",
        ),
        button="Preferências",
        link="Cancelar a assinatura",
        footnote="Recebe esta mensagem porque assinou {name}.",
    ),
    "goodbye": Texts(
        subject="Deixou de assinar {name}",
        heading="A assinatura foi cancelada",
        lines=("{name} não será mais enviado para este endereço.",),
        button="Desfazer",
        small=("Se era essa a intenção, não há mais nada a fazer.",),
        footnote="Esta última mensagem confirma o cancelamento.",
    ),
    "preferences": Texts(
        subject="O seu link para {name}",
        heading="As suas preferências",
        lines=("Este é o link para as suas preferências de {name}. Vale por um dia.",),
        button="Preferências",
        small=("Se não o pediu, ignore esta mensagem e não a encaminhe.",),
    ),
    "copy": Texts(
        subject="Uma cópia dos seus dados: {name}",
        heading="Uma cópia dos seus dados",
        lines=(
            "Alguém, provavelmente você, pediu uma cópia de tudo o que é guardado sobre este endereço.",
        ),
        button="Ver e descarregar",
        small=("O link vale uma vez e por um dia. Se não foi você, ignore esta mensagem.",),
    ),
    "erasure": Texts(
        subject="Apagar os seus dados: {name}?",
        heading="Apagar os seus dados?",
        lines=(
            "Alguém, provavelmente você, pediu que seja apagado tudo o que é guardado sobre este endereço.",
            "Nada acontece se não abrir o link e o confirmar.",
        ),
        button="Apagar",
        small=("O link vale uma vez e por um dia. Se não foi você, ignore esta mensagem.",),
    ),
}
