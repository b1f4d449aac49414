"""Who audits or administers may take the lists that they see away: the audit leaves for those who asked for it."""

from __future__ import annotations

from alembic import op

revision = "0009_auditors_export"
down_revision = "0008_office"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        INSERT INTO role_right (role, right_name) VALUES ('auditor', 'export'), ('administrator', 'export')
        ON CONFLICT DO NOTHING
        """
    )


def downgrade() -> None:
    op.execute(
        "DELETE FROM role_right WHERE right_name = 'export' AND role IN ('auditor', 'administrator')"
    )
