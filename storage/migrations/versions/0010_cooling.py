"""Which side of an environment was stopped, some time after a switch.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "cooling",
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("begun_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"]),
        sa.PrimaryKeyConstraint("environment"),
    )


def downgrade() -> None:
    op.drop_table("cooling")
