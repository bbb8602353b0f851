"""What alembic runs: the revisions, as the ledger's owner, on the connection it is handed."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

attributes = context.config.attributes
connection = attributes["connection"]
connection.execute(text(attributes["become_owner"]))
context.configure(
    connection=connection,
    version_table="ledger_revision",
    version_table_schema=attributes["schema"],
)
context.run_migrations()
