"""Open cases are found by the grid or the level that has them, and the emergencies that nobody has by their flow."""

from __future__ import annotations

from alembic import op

revision = "0005_open_cases"
down_revision = "0004_imports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(_INDEXES)


def downgrade() -> None:
    op.drop_index("ix_event_case_nobody", "event_case")
    op.drop_index("ix_event_case_level", "event_case")
    op.drop_index("ix_event_case_township_id_grid_code", "event_case")


_INDEXES = """
CREATE INDEX ix_event_case_township_id_grid_code ON event_case (township_id, grid_code) WHERE open;
CREATE INDEX ix_event_case_level ON event_case (level) WHERE open;
CREATE INDEX ix_event_case_nobody ON event_case (township_id, flow_id)
    WHERE open AND grid_code IS NULL AND staff_id IS NULL AND office IS NULL;
"""
