"""Domains that give out addresses for an hour, and local parts that reach a role.

Neither list can be whole: they catch what is typed most. An operator adds to the first by a
setting.
"""

DISPOSABLE_DOMAINS = frozenset((
    "0-mail.com", "10minutemail.com", "10minutemail.net", "20minutemail.com", "33mail.com",
    "anonbox.net", "burnermail.io", "byom.de", "cock.li", "crazymailing.com", "deadaddress.com",
    "discard.email", "discardmail.com", "discardmail.de", "dispostable.com", "dropmail.me",
    "emailfake.com", "emailondeck.com", "emailsensei.com", "fakeinbox.com", "fakemail.net",
    "fakemailgenerator.com", "getairmail.com", "getnada.com", "guerrillamail.biz",
    "guerrillamail.com", "guerrillamail.de", "guerrillamail.info", "guerrillamail.net",
    "guerrillamail.org", "guerrillamailblock.com", "harakirimail.com", "hidemail.de",
    "inboxbear.com", "inboxkitten.com", "incognitomail.org", "jetable.org", "linshiyouxiang.net",
    "mail-temp.com", "mailcatch.com", "maildrop.cc", "mailexpire.com", "mailinator.com",
    "mailinator.net", "mailinator2.com", "mailnesia.com", "mailnull.com", "mailpoof.com",
    "mailsac.com", "mailtemp.net", "meltmail.com", "minutemail.com", "mintemail.com", "mohmal.com",
    "moakt.com", "mytemp.email", "mytrashmail.com", "nada.email", "nowmymail.com", "objectmail.com",
    "onetimemail.org", "opayq.com", "pokemail.net", "sharklasers.com", "shortmail.net",
    "sogetthis.com", "spam4.me", "spamavert.com", "spambog.com", "spambox.us", "spamex.com",
    "spamfree24.org", "spamgourmet.com", "spamhole.com", "tempail.com", "tempinbox.com",
    "temp-mail.io", "temp-mail.org", "tempmail.dev", "tempmail.net", "tempmailaddress.com",
    "tempmailo.com", "tempr.email", "throwawaymail.com", "trash-mail.com", "trash-mail.de",
    "trashmail.com", "trashmail.de", "trashmail.net", "trashmail.ws", "wegwerfmail.de",
    "wegwerfmail.net", "wegwerfmail.org", "yopmail.com", "yopmail.fr", "yopmail.net",
))  # fmt: skip

ROLES = frozenset((
    # RFC 2142
    "abuse", "ftp", "hostmaster", "marketing", "news", "noc", "postmaster", "sales", "security",
    "support", "usenet", "uucp", "webmaster", "www", "info",
    # and what is as common
    "accounts", "admin", "administrator", "billing", "contact", "devnull", "do-not-reply",
    "donotreply", "enquiries", "everyone", "feedback", "help", "hello", "hr", "it", "jobs", "legal",
    "list", "list-request", "mailer-daemon", "media", "no-reply", "nobody", "noreply", "office",
    "press", "privacy", "root", "spam", "staff", "subscribe", "sysadmin", "team", "unsubscribe",
))  # fmt: skip
