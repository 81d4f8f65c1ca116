from alembic import context
from sqlmodel import SQLModel

import storage.models  # noqa: F401 the tables have to be known

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
