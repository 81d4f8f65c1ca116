"""Backups on hosts, and the drills that try them.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "backup",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("unpacked", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("database", sa.Boolean(), nullable=False),
        sa.Column("encrypted", sa.Boolean(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("migrations", sa.JSON(), nullable=False),
        sa.Column("migrations_known", sa.Boolean(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("wanted_at", instant, nullable=False),
        sa.Column("made_at", instant, nullable=True),
        sa.Column("verified_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("environment", "name", name="one_backup_a_name"),
    )
    for name in ("environment", "state", "deployment_id"):
        op.create_index(f"ix_backup_{name}", "backup", [name])
    op.create_table(
        "drill",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("backup", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("database", sa.Boolean(), nullable=False),
        sa.Column("check_seconds", sa.Float(), nullable=False),
        sa.Column("back_seconds", sa.Float(), nullable=False),
        sa.Column("restore_seconds", sa.Float(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("wanted_at", instant, nullable=False),
        sa.Column("done_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    for name in ("environment", "state"):
        op.create_index(f"ix_drill_{name}", "drill", [name])


def downgrade() -> None:
    op.drop_table("drill")
    op.drop_table("backup")
