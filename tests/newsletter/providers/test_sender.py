"""A sender's name may hold a comma: every provider still writes from the same address."""

import pytest

from emails.mime import MailHeaders
from newsletter.providers.base import ProviderMisconfigured
from newsletter.providers.messages import envelope_senders
from newsletter.providers.sendgrid_request import mail_send
from tests.newsletter.providers.conftest import make_mailing


def headers(sender: str) -> MailHeaders:
    return MailHeaders(sender=sender, date=0.0, message_id_domain="muster.example")


def test_a_comma_in_the_name_leaves_the_address_alone() -> None:
    mailing = make_mailing(1, headers=headers("Muster, Verlag <news@muster.example>"))
    assert envelope_senders(mailing) == ["news@muster.example"]
    assert mail_send(mailing, sandbox=False)["from"] == {
        "email": "news@muster.example",
        "name": "Muster, Verlag",
    }


def test_sendgrid_is_never_asked_to_send_from_what_is_no_address() -> None:
    with pytest.raises(ProviderMisconfigured, match="expected one address"):
        mail_send(make_mailing(1, headers=headers("Muster Verlag")), sandbox=False)
