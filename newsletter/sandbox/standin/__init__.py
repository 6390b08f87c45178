"""A stand-in for SendGrid on loopback: takes mail as SendGrid does, and delivers it to nobody.

    python -m newsletter.sandbox.standin --journal FILE [--port N] …

It answers `POST /v3/mail/send` with SendGrid's limits and errors, writes every accepted message to
a journal before it says so, posts signed events to a webhook, and has invented readers open the
mail and click in it. Only addresses on this machine are ever called.
"""
