"""Every table, imported in one place: for migrations, and for tests that make a database."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

import newsletter.accounts.models
import newsletter.dispatch.models
import newsletter.editions.models
import newsletter.feedback.models
import newsletter.publications
import subscribers.models  # noqa: F401

metadata: MetaData = SQLModel.metadata
