"""Whose rights have changed is told to whoever listens, so that what is open for them ends."""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

# The payload is the account's number, or empty: everybody's. `gisgrid.people.appointments` names the
# channel.
TELL = """
CREATE FUNCTION tell_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'role_right' THEN
        PERFORM pg_notify('rights_changed', '');
    ELSIF TG_TABLE_NAME = 'account' THEN
        PERFORM pg_notify('rights_changed', NEW.id::text);
    ELSE
        IF TG_OP <> 'INSERT' THEN
            PERFORM pg_notify('rights_changed', OLD.account_id::text);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM pg_notify('rights_changed', NEW.account_id::text);
        END IF;
    END IF;
    RETURN NULL;
END $$
"""
TRIGGERS = {
    "appointment": "AFTER INSERT OR UPDATE OR DELETE ON appointment",
    "role_right": "AFTER INSERT OR UPDATE OR DELETE ON role_right",
    "account": "AFTER UPDATE OF active, fs_uniquifier ON account",
    "access_token": "AFTER UPDATE OF revoked_at, scopes, expires_at ON access_token",
}


def upgrade() -> None:
    op.execute(TELL)
    for table, when in TRIGGERS.items():
        each = "STATEMENT" if table == "role_right" else "ROW"
        op.execute(
            f"CREATE TRIGGER tell_rights {when} FOR EACH {each} EXECUTE FUNCTION tell_rights()"
        )


def downgrade() -> None:
    for table in TRIGGERS:
        op.execute(f"DROP TRIGGER tell_rights ON {table}")
    op.execute("DROP FUNCTION tell_rights()")
