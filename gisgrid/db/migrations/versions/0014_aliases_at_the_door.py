"""What a house is called besides is entered at the door, too."""

from __future__ import annotations

from alembic import op

revision = "0014_aliases_at_the_door"
down_revision = "0013_office_jobs"
branch_labels = None
depends_on = None

_KINDS = (
    "verified", "visited", "household_in", "household_out", "household_moved", "resident_in", "resident_out",
    "corrected",
)  # fmt: skip


def upgrade() -> None:
    _may_be(*_KINDS, "alias")


def downgrade() -> None:
    op.execute("DELETE FROM register_entry WHERE kind = 'alias'")
    _may_be(*_KINDS)


def _may_be(*kinds: str) -> None:
    known = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("ALTER TABLE register_entry DROP CONSTRAINT ck_register_entry_kind")
    op.execute(
        f"ALTER TABLE register_entry ADD CONSTRAINT ck_register_entry_kind CHECK (kind IN ({known}))"
    )
