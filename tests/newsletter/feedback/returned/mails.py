"""Mails that come back, in the shapes that mail servers give them; every name is made up."""

from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

POSTFIX = """\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mail.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4Z1Q2W.1795000000/mail.example"

This is a MIME-encapsulated message.

--4Z1Q2W.1795000000/mail.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.example.

<ada@reader.example>: host mx.reader.example[192.0.2.25] said: 550 5.1.1
    <ada@reader.example>: Recipient address rejected: User unknown (in reply to
    RCPT TO command)

--4Z1Q2W.1795000000/mail.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
X-Postfix-Queue-ID: 4Z1Q2W
Arrival-Date: Sun, 22 Nov 2026 06:00:01 +0000 (UTC)

Final-Recipient: rfc822; ada@reader.example
Original-Recipient: rfc822;ada@reader.example
Action: {action}
Status: {status}
Remote-MTA: dns; mx.reader.example
Diagnostic-Code: smtp; {diagnosis}

--4Z1Q2W.1795000000/mail.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: desk@ledger.example
Subject: Morning
Message-ID: <1-1@ledger.example>

--4Z1Q2W.1795000000/mail.example--
"""

EXCHANGE = """\
From: Microsoft Outlook <postmaster@tenant.example>
To: {to}
Subject: Undeliverable: Morning
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="_e_"

--_e_
Content-Type: multipart/alternative; boundary="_a_"

--_a_
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to bo@tenant.example couldn't be delivered.
bo wasn't found at tenant.example.

--_a_
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<p>Your message to <b>bo@tenant.example</b> couldn't be delivered.</p>

--_a_--

--_e_
Content-Type: message/delivery-status

Reporting-MTA: dns;MB1.tenant.example
Received-From-MTA: dns;mail.example
Arrival-Date: Sun, 22 Nov 2026 06:00:02 +0000

Original-Recipient: rfc822;bo@tenant.example
Final-Recipient: rfc822;bo@tenant.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
X-Display-Name: bo@tenant.example

--_e_
Content-Type: message/rfc822

From: desk@ledger.example
To: bo@tenant.example
Subject: Morning

Compute is scarce.

--_e_--
"""

GMAIL = """\
Delivered-To: {to}
From: Mail Delivery Subsystem <mailer-daemon@webmail.example>
To: {to}
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
X-Failed-Recipients: cy@webmail.example
MIME-Version: 1.0
Content-Type: multipart/report; boundary="0000000000"; report-type=delivery-status

--0000000000
Content-Type: multipart/related; boundary="0000000001"

--0000000001
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to cy@webmail.example because the address couldn't be found.

--0000000001--

--0000000000
Content-Type: message/delivery-status

Reporting-MTA: dns; webmail.example
Arrival-Date: Sat, 21 Nov 2026 22:00:03 -0800 (PST)

Final-Recipient: rfc822; cy@webmail.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.webmail.example. (192.0.2.26, the server for the domain.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos or
 550 5.1.1 unnecessary spaces.
Last-Attempt-Date: Sat, 21 Nov 2026 22:00:03 -0800 (PST)

--0000000000
Content-Type: message/rfc822

Subject: Morning

Compute is scarce.

--0000000000--
"""

QMAIL = """\
From: MAILER-DAEMON@old.example
To: {to}
Subject: failure notice

Hi. This is the qmail-send program at old.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<dee@old.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <{to}>
Subject: Morning

Compute is scarce.
"""

HOLIDAY = """\
From: Eve <eve@reader.example>
To: {to}
Subject: Out of office
Auto-Submitted: auto-replied

I am away until Monday. For 5.1.1 questions ask Fay.
"""


def postfix(
    to: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnosis: str = "550 5.1.1 <ada@reader.example>: Recipient address rejected: User unknown",
) -> bytes:
    return POSTFIX.format(to=to, action=action, status=status, diagnosis=diagnosis).encode()


def complaint(original_sender: str, *, kind: str = "abuse") -> bytes:
    """A feedback report (RFC 5965 §5) about a mail whose return path was `original_sender`."""
    mail = MIMEMultipart("report")
    mail.set_param("report-type", "feedback-report")
    mail["From"], mail["To"] = "abuse@webmail.example", "abuse@ledger.example"
    mail.attach(MIMEText("This is an email abuse report."))
    report = MIMEBase("message", "feedback-report")
    report.set_payload(
        f"Feedback-Type: {kind}\nUser-Agent: Loop/1.0\nVersion: 1\n"
        f"Original-Mail-From: <{original_sender}>\nArrival-Date: Sun, 22 Nov 2026 06:00:00 +0000\n"
    )
    mail.attach(report)
    original = EmailMessage()
    original["Subject"] = "Morning"
    original.set_content("Compute is scarce.")
    quoted = MIMEBase("message", "rfc822")
    quoted.set_payload([original])
    mail.attach(quoted)
    return mail.as_bytes()
