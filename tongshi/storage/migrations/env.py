"""Run by Alembic to change the tables; `Database.upgrade` hands the engine in."""

from alembic import context

from tongshi.storage.database import without_deadline
from tongshi.storage.models import Base

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, user_module_prefix="models.")
    with context.begin_transaction():
        without_deadline(connection)
        context.run_migrations()
