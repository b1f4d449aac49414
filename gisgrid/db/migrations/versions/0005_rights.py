"""Accounts, appointments, rights of roles, purposes, tokens, the chained audit; who may see where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What each role may; a township changes the rows, not this text.
OFFICE = ("see_houses", "see_counts", "see_events", "handle_events", "see_contacts")
RIGHTS_OF_ROLE = {
    "county_reviewer": ("see_houses", "see_counts", "review"),
    "township_government": (*OFFICE, "see_register", "unmask", "see_visits", "dispatch", "export"),
    "section_cadre": (*OFFICE, "see_register", "see_visits"),
    "community_clerk": (*OFFICE, "see_register", "unmask", "see_visits", "export"),
    "grid_leader": (*OFFICE, "see_register", "unmask", "see_visits"),
    "grid_worker": (*OFFICE, "see_register", "unmask", "see_visits"),
    "sinking_force": (*OFFICE, "see_register"),
    "social_force": ("see_houses", "see_events", "handle_events"),
    "resident": (),
    "dispatcher": (*OFFICE, "dispatch"),
    "planner": ("see_houses", "see_counts", "plan", "export"),
    "coordinator": ("see_houses", "see_counts", "see_events", "see_contacts", "dispatch"),
    "auditor": ("audit",),
    "administrator": ("administer",),
}
PURPOSES = (
    ("care", "走访关怀", "visits and care", "PIPL 13(1)(3)"),
    ("event", "事件处置", "handling an event", "PIPL 13(1)(3)"),
    ("verify", "户档核实", "verifying the register", "PIPL 13(1)(3)"),
    ("emergency", "应急处置", "an emergency", "PIPL 13(1)(4)"),
    ("subject", "本人查询", "answering the person concerned", "PIPL 45"),
    ("contact", "工作联系", "reaching a colleague", "PIPL 13(1)(2)"),
)
ROLE = f"role IN ({', '.join(repr(role) for role in RIGHTS_OF_ROLE)})"

# Row numbers and hashes are made here and nowhere else. The lock makes writers wait for each other
# until they commit, so that numbers have no gaps and the chain no forks.
CHAIN = """
CREATE FUNCTION audit_text(e audit_entry) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = public, pg_temp AS $$
    SELECT string_agg(CASE WHEN part IS NULL THEN '-' ELSE length(part) || ':' || part END, '|'
                      ORDER BY n)
    FROM unnest(ARRAY[
        e.id::text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        e.account_id::text, e.account_name, e.action, e.subject, array_to_string(e.row_ids, ','),
        e.purpose, e.origin]) WITH ORDINALITY AS p(part, n)
$$;
CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    before audit_entry;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_entry'));
    SELECT * INTO before FROM audit_entry ORDER BY id DESC LIMIT 1;
    NEW.id := coalesce(before.id, 0) + 1;
    NEW.at := clock_timestamp();
    NEW.prev_hash := coalesce(before.hash, '\\x'::bytea);
    NEW.hash := sha256(NEW.prev_hash || convert_to(audit_text(NEW), 'UTF8'));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION chain_audit() IS 'runs as the owner: the chain goes on from the last row, '
    'which who writes may not be allowed to read';
CREATE TRIGGER chain_audit BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION chain_audit();
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only added to' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER keep_audit BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION keep_audit()
"""

AUDIT = """
CREATE FUNCTION audit(what text, about text, ids bigint[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_entry (account_id, account_name, action, subject, row_ids, purpose, origin)
    VALUES (my_account(),
            coalesce((SELECT name FROM account WHERE id = my_account()), session_user::text),
            what, about, ids, my_purpose(), nullif(current_setting('gisgrid.origin', true), ''));
END $$;
GRANT SELECT, INSERT ON audit_entry TO gisgrid_views;
GRANT SELECT (id, name) ON account TO gisgrid_views
"""

# Functions of plpgsql keep their plans for the session, those of SQL do not.
SCOPE = """
CREATE FUNCTION my_account() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('gisgrid.account', true), '')::bigint
$$;
CREATE FUNCTION my_purpose() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('gisgrid.purpose', true), '')
$$;
CREATE FUNCTION today_in(area bigint) RETURNS date LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (now() AT TIME ZONE coalesce((
        SELECT t.time_zone FROM township t JOIN area a ON a.id = t.area_id
        WHERE area IS NULL OR a.id = area OR a.parent_id = area
           OR a.id = (SELECT parent_id FROM area c WHERE c.id = area)
        ORDER BY a.code LIMIT 1), 'Asia/Shanghai'))::date;
END $$;
CREATE FUNCTION appointments_with(wanted text) RETURNS SETOF appointment LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT m.* FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
    WHERE m.account_id = my_account() AND m.during @> today_in(m.area_id)
      AND EXISTS (SELECT FROM role_right r WHERE r.role = m.role AND r.right_name = wanted);
END $$;
COMMENT ON FUNCTION appointments_with(text) IS
    'runs as the owner: the policies of the tables it reads ask it';
CREATE FUNCTION my_townships(wanted text) RETURNS bigint[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT a.id FROM appointments_with(wanted) m
        JOIN area a ON a.level = 'township' AND (m.area_id IS NULL OR m.area_id IN (a.id, a.parent_id))
        WHERE m.grid_code IS NULL);
END $$;
CREATE FUNCTION my_communities(wanted text) RETURNS bigint[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT c.id FROM appointments_with(wanted) m
        JOIN area c ON c.level = 'community' JOIN area t ON t.id = c.parent_id
        WHERE m.grid_code IS NULL AND (m.area_id IS NULL OR m.area_id IN (c.id, t.id, t.parent_id)));
END $$;
CREATE FUNCTION my_grids(wanted text) RETURNS bigint[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT g.id FROM plan p JOIN grid g ON g.plan_id = p.id
        WHERE p.state = 'published' AND g.community_id = ANY (my_communities(wanted))
        UNION
        SELECT g.id FROM appointments_with(wanted) m
        JOIN plan p ON p.township_id = m.area_id AND p.state = 'published'
        JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code);
END $$;
CREATE FUNCTION published_plans() RETURNS bigint[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT id FROM plan WHERE state = 'published');
END $$
"""
FUNCTIONS = (
    "published_plans()", "my_grids(text)", "my_communities(text)", "my_townships(text)",
    "appointments_with(text)", "today_in(bigint)", "my_purpose()", "my_account()",
)  # fmt: skip


def upgrade() -> None:
    now = sa.text("now()")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "fs_uniquifier",
            sa.Text(),
            server_default=sa.text("gen_random_uuid()::text"),
            nullable=False,
        ),
        sa.Column("tf_primary_method", sa.Text(), nullable=True),
        sa.Column("tf_totp_secret", sa.Text(), nullable=True),
        sa.Column(
            "mf_recovery_codes",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("failed_logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", moment, nullable=True),
        sa.Column("last_login_at", moment, nullable=True),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_account_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
        sa.UniqueConstraint("fs_uniquifier", name="uq_account_fs_uniquifier"),
    )
    op.create_index("ix_account_staff_id", "account", ["staff_id"])
    op.create_table(
        "appointment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        sa.CheckConstraint(ROLE, name="ck_appointment_role"),
        sa.CheckConstraint("NOT isempty(during)", name="ck_appointment_during"),
        sa.CheckConstraint(
            "grid_code IS NULL OR area_id IS NOT NULL", name="ck_appointment_grid_in_area"
        ),
        postgresql.ExcludeConstraint(
            (sa.column("account_id"), "="),
            (sa.column("role"), "="),
            (sa.text("coalesce(area_id, 0)"), "="),
            (sa.text("coalesce(grid_code, '')"), "="),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_appointment_once",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("area_id"), "="),
            (sa.column("grid_code"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("role = 'grid_leader'"),
            using="gist",
            name="ex_appointment_one_leader",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_appointment_account_id"),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name="fk_appointment_area_id"),
        sa.PrimaryKeyConstraint("id", name="pk_appointment"),
    )
    op.create_index("ix_appointment_area_id", "appointment", ["area_id"])
    role_right = op.create_table(
        "role_right",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("right_name", sa.Text(), nullable=False),
        sa.CheckConstraint(ROLE, name="ck_role_right_role"),
        sa.PrimaryKeyConstraint("role", "right_name", name="pk_role_right"),
    )
    purpose = op.create_table(
        "purpose",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_purpose"),
    )
    op.create_table(
        "access_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("last_used_at", moment, nullable=True),
        sa.Column("revoked_at", moment, nullable=True),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_access_token_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_access_token"),
        sa.UniqueConstraint("account_id", "name", name="uq_access_token_account_id_name"),
        sa.UniqueConstraint("token_hash", name="uq_access_token_token_hash"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("row_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sa.UniqueConstraint("prev_hash", name="uq_audit_entry_prev_hash"),
    )
    op.create_index("ix_audit_entry_account_id", "audit_entry", ["account_id"])
    op.bulk_insert(
        role_right,
        [
            {"role": role, "right_name": right}
            for role, rights in RIGHTS_OF_ROLE.items()
            for right in rights
        ],
    )
    op.bulk_insert(
        purpose,
        [dict(zip(("name", "zh", "en", "legal_basis"), row, strict=True)) for row in PURPOSES],
    )
    op.execute(CHAIN)
    op.execute(SCOPE)
    op.execute(AUDIT)


def downgrade() -> None:
    op.execute("DROP FUNCTION audit(text, text, bigint[])")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE audit_entry CASCADE")  # with audit_text, which takes its rows
    op.execute("DROP FUNCTION chain_audit()")
    op.execute("DROP FUNCTION keep_audit()")
    for table in ("access_token", "purpose", "role_right", "appointment", "account"):
        op.drop_table(table)
