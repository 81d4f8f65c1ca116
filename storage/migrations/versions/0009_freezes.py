"""What people have frozen, and which emergencies somebody has to look back on.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "freeze",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=True),
        sa.Column("since", instant, nullable=False),
        sa.Column("until", instant, nullable=True),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.Column("lifted_name", sa.String(), nullable=False),
        sa.Column("lifted_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_freeze_environment", "freeze", ["environment"])
    holds = sa.text("lifted_at IS NULL")
    op.create_index(
        "one_freeze_an_environment", "freeze", ["environment"], unique=True, sqlite_where=holds, postgresql_where=holds
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("skipped", sa.String(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("done_name", sa.String(), nullable=False),
        sa.Column("done_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deployment_id"),
    )
    op.create_index("ix_review_environment", "review", ["environment"])


def downgrade() -> None:
    op.drop_table("review")
    op.drop_table("freeze")
