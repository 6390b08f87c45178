"""Every table, imported in one place: for migrations, and for tests that make a database."""

from importlib import import_module

from sqlalchemy import MetaData
from sqlmodel import SQLModel

for _module in (
    "newsletter.accounts.models",
    "newsletter.dispatch.models",
    "newsletter.editions.models",
    "newsletter.feedback.models",
    "newsletter.publications",
    "subscribers.models",
):
    import_module(_module)

metadata: MetaData = SQLModel.metadata
