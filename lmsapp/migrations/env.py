"""Alembic's environment: uses the connection it is given."""

from alembic import context

from lmsapp import models

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=models.Base.metadata, render_as_batch=True, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
