"""Which request a deployment came from, so that a request that is run again begins nothing more.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment", sa.Column("request_key", sa.String(), nullable=True))
    op.create_index("ix_deployment_request_key", "deployment", ["request_key"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_deployment_request_key", "deployment")
    op.drop_column("deployment", "request_key")
