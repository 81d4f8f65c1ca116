"""Who runs a request, what an automatic rollback is known as, and what was seen while a release was watched.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment", sa.Column("known_as", sa.String(), nullable=True))
    op.add_column("inbox", sa.Column("owner", sa.String(), nullable=True))
    op.add_column("inbox", sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "look",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("samples", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_look_deployment_id", "look", ["deployment_id"])


def downgrade() -> None:
    op.drop_table("look")
    op.drop_column("deployment", "known_as")
    op.drop_column("inbox", "leased_until")
    op.drop_column("inbox", "owner")
