"""The demo's inbox: what the stand-in received, as its readers would see it."""
