"""What readers agree to, word for word; kept with each consent under its version."""

VERSION = "2026-11"


def mail_consent(publication: str) -> str:
    """The sentence above the button that confirms a subscription."""
    return f"Yes, send me {publication} by email. I can leave at any time."


def tracking_consent(publication: str) -> str:
    """The sentence beside the tracking box: apart from the newsletter's, and never ticked for you."""
    return (
        f"{publication} may see which of its emails I open and which links I follow. "
        "I can take this back at any time."
    )
