"""Changes of what a look-up shows are told to whoever listens."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Once a statement, not a row: a load of a million houses is told once. Equal messages of one
# transaction are sent once, when it commits.
TELL = """
CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_ARGV[0], '');
    RETURN NULL;
END $$
"""
CHANNEL_OF = {
    "team_member": "cards_changed",
    "staff": "cards_changed",
    "area": "cards_changed",
    "township": "cards_changed",
    "plan": "cards_changed",
    "grid": "cards_changed",
    "house": "houses_changed",
}
"""``gisgrid.locate.lookup`` and ``gisgrid.locate.houses`` name the channels."""


def upgrade() -> None:
    op.execute(TELL)
    for table, channel in CHANNEL_OF.items():
        op.execute(
            f"CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION tell_change('{channel}')"
        )


def downgrade() -> None:
    for table in CHANNEL_OF:
        op.execute(f"DROP TRIGGER tell_change ON {table}")
    op.execute("DROP FUNCTION tell_change()")
