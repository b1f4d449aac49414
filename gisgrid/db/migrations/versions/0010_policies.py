"""Row-level security, grants, masked views, and opening a row for a purpose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gisgrid.db.migrations.protect import of_house, of_place, of_township, protect

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Nothing in these is about a person.
OPEN = (
    "area", "township", "street", "plan", "grid", "house", "house_grid", "matter_list", "matter",
    "station", "workload_weights", "address_street", "address_key", "team_member", "role_right",
    "purpose", "alembic_version",
)  # fmt: skip
# Owner and loads only: old rows and file names may hold anything.
CLOSED = ("history", "import_run")

# The ground is asked for before the grids are, not once a grid.
SCOPE = """
CREATE OR REPLACE FUNCTION my_grids(wanted text) RETURNS bigint[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
DECLARE
    communities bigint[];
BEGIN
    IF my_account() IS NULL THEN
        RETURN '{}';
    END IF;
    communities := my_communities(wanted);
    RETURN ARRAY(
        SELECT g.id FROM plan p JOIN grid g ON g.plan_id = p.id
        WHERE p.state = 'published' AND g.community_id = ANY (communities)
        UNION
        SELECT g.id FROM appointments_with(wanted) m
        JOIN plan p ON p.township_id = m.area_id AND p.state = 'published'
        JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code);
END $$;
CREATE FUNCTION has_right(wanted text) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN my_account() IS NOT NULL AND EXISTS (SELECT FROM appointments_with(wanted));
END $$
"""

PLACES = f"""
{
    protect(
        "household",
        using=of_house("house_id", "see_register"),
        columns="id, township_id, house_id, verified_on",
    )
};
{
    protect(
        "resident",
        using=f'''{of_township("see_register")}
    OR EXISTS (SELECT FROM household f WHERE f.id = resident.household_id)''',
        columns="id, township_id, household_id, verified_on",
    )
};
{protect("visit", using=of_house("house_id", "see_visits"))};
{
    protect(
        "event",
        using=of_place("event", "see_events"),
        columns="id, township_id, code, matter_id, reported_at, due_at, closed_at, source, community_id, "
        "grid_code, geom, place, source_x, source_y",
    )
};
{protect("event_grid", using="(SELECT has_right('see_events'))")};
{
    protect(
        "staff",
        using=f'''{of_township("see_contacts")} OR EXISTS (
    SELECT FROM team_member m JOIN plan p ON p.township_id = m.township_id
    JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code
    WHERE m.staff_id = staff.id AND m.during @> today_in(m.township_id)
      AND g.id = ANY ((SELECT my_grids('see_contacts'))::bigint[]))''',
        columns="id, township_id, code, body",
    )
};
{
    protect(
        "alias",
        using='''NOT personal OR township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
    OR EXISTS (SELECT FROM household f WHERE f.house_id = alias.house_id)
    OR EXISTS (SELECT FROM grid g WHERE g.id = ANY ((SELECT my_grids('see_register'))::bigint[])
               AND ST_Covers(g.geom, alias.geom))''',
    )
}
"""

# Who logs in is not known yet: the web presents a name, the word of a session, or a token's hash.
LOG_IN = "nullif(current_setting('gisgrid.log_in', true), '')"
OWN = f"id = my_account() OR name = {LOG_IN} OR fs_uniquifier = {LOG_IN}"
OWN_TOKEN = f"account_id = my_account() OR encode(token_hash, 'hex') = {LOG_IN}"
IDENTITY = f"""
CREATE FUNCTION accounts_under(wanted text) RETURNS bigint[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT k.id FROM account k
        WHERE EXISTS (SELECT FROM appointments_with(wanted) m WHERE m.area_id IS NULL)
           OR EXISTS (SELECT FROM appointment held WHERE held.account_id = k.id AND held.area_id = ANY (
                my_townships(wanted) || my_communities(wanted))));
END $$;
COMMENT ON FUNCTION accounts_under(text) IS
    'runs as the owner: the policies of the tables it reads ask it';
{protect("account", using=OWN)};
CREATE POLICY changed ON account FOR UPDATE USING ({OWN});
GRANT UPDATE (password_hash, fs_uniquifier, tf_primary_method, tf_totp_secret, mf_recovery_codes,
              failed_logins, locked_until, last_login_at) ON account TO gisgrid_web;
CREATE POLICY named ON account FOR SELECT TO gisgrid_views USING (true);
REVOKE SELECT ON account FROM gisgrid_views;
GRANT SELECT (id, name, display_name, active, staff_id, last_login_at) ON account TO gisgrid_views;
CREATE VIEW account_listed AS
SELECT k.id, k.name, k.display_name, k.active, k.staff_id, k.last_login_at
FROM account k WHERE k.id = ANY ((SELECT accounts_under('administer'))::bigint[]);
GRANT SELECT ON account_listed TO gisgrid_web;
{protect("access_token", using=OWN_TOKEN)};
CREATE POLICY changed ON access_token FOR UPDATE USING ({OWN_TOKEN});
CREATE POLICY added ON access_token FOR INSERT WITH CHECK (account_id = my_account());
GRANT INSERT, UPDATE (last_used_at, revoked_at) ON access_token TO gisgrid_web;
{
    protect(
        "appointment",
        using='''account_id = my_account()
    OR account_id = ANY ((SELECT accounts_under('administer'))::bigint[])''',
    )
};
{
    protect(
        "audit_entry",
        using='''account_id = ANY ((SELECT accounts_under('audit'))::bigint[])
    OR EXISTS (SELECT FROM appointments_with('audit') m WHERE m.area_id IS NULL)''',
    )
};
CREATE POLICY added ON audit_entry FOR INSERT TO gisgrid_views WITH CHECK (true)
"""

# A number of a resident identity card in any text: area, day of birth, three digits, check digit.
CARD = (
    r"([1-9][0-9]{5})(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])([0-9]{3}[0-9Xx])"
)
MASKS = f"""
CREATE FUNCTION masked_text(value text, kept jsonb, usual jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN length(value) <= (coalesce(kept, usual) ->> 0)::int + (coalesce(kept, usual) ->> 1)::int
            THEN repeat('*', length(value))
        ELSE left(value, (coalesce(kept, usual) ->> 0)::int)
             || repeat('*', length(value) - (coalesce(kept, usual) ->> 0)::int
                            - (coalesce(kept, usual) ->> 1)::int)
             || right(value, (coalesce(kept, usual) ->> 1)::int) END
$$;
CREATE FUNCTION masked_name(value text, kept jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT left(value, coalesce((kept ->> 0)::int, 1)) || '*'
$$;
CREATE FUNCTION masked_code(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(value, '{CARD}', '\\1********\\2', 'g')
$$;
CREATE VIEW masked_household AS
SELECT f.id, f.township_id, masked_code(f.code) AS code, f.house_id, f.room, f.verified_on
FROM household f;
CREATE VIEW masked_resident AS
SELECT r.id, r.township_id, masked_code(r.code) AS code, r.household_id,
       masked_name(r.name, t.masking -> 'name') AS name,
       masked_text(r.citizen_id, t.masking -> 'citizen_id', '[6, 4]') AS citizen_id,
       masked_text(r.phone, t.masking -> 'phone', '[3, 4]') AS phone,
       CASE WHEN t.masking ->> 'birth_date' = 'hidden' THEN NULL
            ELSE extract(year FROM r.birth_date)::int END AS birth_year, r.verified_on
FROM resident r JOIN township t ON t.area_id = r.township_id;
CREATE VIEW masked_staff AS
SELECT s.id, s.township_id, s.code, masked_name(s.name, t.masking -> 'name') AS name,
       masked_text(s.phone, t.masking -> 'phone', '[3, 4]') AS phone, s.body
FROM staff s JOIN township t ON t.area_id = s.township_id;
CREATE VIEW grid_leader AS
SELECT m.township_id, m.grid_code, m.during, s.name
FROM team_member m JOIN staff s ON s.id = m.staff_id WHERE m.role = 'leader';
COMMENT ON VIEW grid_leader IS
    'runs as the owner: who leads a grid is told to everybody, the rest of the staff is not';
GRANT SELECT ON masked_household, masked_resident, masked_staff, grid_leader TO gisgrid_web, gisgrid_views
"""

# Held to the policies of what they read (their owner is gisgrid_views), and to the right besides.
UNMASK = """
CREATE FUNCTION must_say_why(wanted text) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT has_right(wanted) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    IF NOT EXISTS (SELECT FROM purpose WHERE name = my_purpose()) THEN
        RAISE EXCEPTION 'no purpose' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'purpose';
    END IF;
END $$;
CREATE FUNCTION house_within(wanted text, house bigint, township bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    here house_grid;
BEGIN
    IF township = ANY (my_townships(wanted)) THEN
        RETURN true;
    END IF;
    SELECT a.* INTO here FROM house_grid a
    WHERE a.house_id = house AND a.plan_id = ANY (published_plans());
    IF here.grid_id IS NULL THEN
        RETURN EXISTS (SELECT FROM house h
                       WHERE h.id = house AND h.community_id = ANY (my_communities(wanted)));
    END IF;
    RETURN coalesce(here.grid_id = ANY (my_grids(wanted))
                    OR here.exclusive_grid_id = ANY (my_grids(wanted)), false);
END $$;
CREATE FUNCTION unmask_resident(ids bigint[])
RETURNS TABLE (id bigint, name text, citizen_id text, phone text, sex text, birth_date date, needs text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('unmask');
    found_ids := ARRAY(SELECT r.id FROM resident r JOIN household f ON f.id = r.household_id
        WHERE r.id = ANY (ids) AND house_within('unmask', f.house_id, r.township_id) ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('unmask', 'resident', found_ids);
    END IF;
    RETURN QUERY SELECT r.id, r.name, r.citizen_id, r.phone, r.sex, r.birth_date, r.needs
        FROM resident r WHERE r.id = ANY (found_ids) ORDER BY 1;
END $$;
CREATE FUNCTION unmask_staff(ids bigint[]) RETURNS TABLE (id bigint, name text, phone text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('see_contacts');
    found_ids := ARRAY(SELECT s.id FROM staff s WHERE s.id = ANY (ids) ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('unmask', 'staff', found_ids);
    END IF;
    RETURN QUERY SELECT s.id, s.name, s.phone FROM staff s WHERE s.id = ANY (found_ids) ORDER BY 1;
END $$;
CREATE FUNCTION unmask_event(ids bigint[]) RETURNS TABLE (id bigint, text text, address text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('see_events');
    found_ids := ARRAY(SELECT e.id FROM event e WHERE e.id = ANY (ids) ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('unmask', 'event', found_ids);
    END IF;
    RETURN QUERY SELECT e.id, e.text, e.address FROM event e WHERE e.id = ANY (found_ids) ORDER BY 1;
END $$
"""
HELPERS = (
    "must_say_why(text)", "house_within(text, bigint, bigint)", "masked_text(text, jsonb, jsonb)",
    "masked_name(text, jsonb)", "masked_code(text)", "mark_personal()", "data_version(bigint)",
    "accounts_under(text)", "has_right(text)",
)  # fmt: skip
OPEN_AGAIN = """
DO $$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'public' LOOP
        EXECUTE 'DROP POLICY ' || quote_ident(p.policyname) || ' ON ' || quote_ident(p.tablename);
    END LOOP;
    FOR p IN SELECT oid::regclass AS tablename FROM pg_class
             WHERE relrowsecurity AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE 'ALTER TABLE ' || p.tablename || ' DISABLE ROW LEVEL SECURITY';
    END LOOP;
END $$
"""
OPENING = ("unmask_resident(bigint[])", "unmask_staff(bigint[])", "unmask_event(bigint[])")

# Words that speak of somebody's home, or that hold the name of somebody who lives in the house.
ALIAS = """
CREATE FUNCTION mark_personal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    NEW.personal := NEW.words ~ '(家$|家[里前后旁门东西南北隔对]|大爷|大妈|大娘|奶奶|爷爷|叔|婶|阿姨|先生|女士)'
        OR EXISTS (SELECT FROM household f JOIN resident r ON r.household_id = f.id
                   WHERE f.house_id = NEW.house_id AND position(r.name IN NEW.words) > 0);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION mark_personal() IS
    'runs as the owner: who adds an alias need not be allowed to read who lives there';
CREATE TRIGGER mark_personal BEFORE INSERT OR UPDATE ON alias
FOR EACH ROW EXECUTE FUNCTION mark_personal();
UPDATE alias SET words = words
"""

# Numbers of rows that the web cannot count, and no row: what the addresses of tiles are made from.
VERSION = """
CREATE FUNCTION data_version(asked bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
SELECT left(md5(concat_ws('|',
    (SELECT max(id) FROM import_run), (SELECT max(id) FROM history),
    (SELECT max(id) FROM house), (SELECT max(id) FROM event), (SELECT max(id) FROM area),
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM grid WHERE plan_id = asked),
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM street
     WHERE township_id = (SELECT township_id FROM plan p WHERE p.id = asked)),
    (SELECT string_agg(x::text, ',') FROM pg_snapshot_xip(pg_current_snapshot()) AS x)
)), 12)
$$;
COMMENT ON FUNCTION data_version(bigint) IS
    'runs as the owner: a fingerprint of all rows, whoever asks, tells nothing about one';
ALTER FUNCTION keep_history() SECURITY DEFINER SET search_path = public, pg_temp;
COMMENT ON FUNCTION keep_history() IS
    'runs as the owner: who changes a row adds its old self to a table they may not read'
"""


def upgrade() -> None:
    op.add_column(
        "township",
        sa.Column(
            "masking",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.add_column(
        "alias",
        sa.Column("personal", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index("ix_appointment_account_id", "appointment", ["account_id"])
    for table in ("house_grid", "event_grid"):
        op.create_index(
            f"ix_{table}_exclusive_grid_id",
            table,
            ["exclusive_grid_id"],
            postgresql_where=sa.text("exclusive_grid_id IS NOT NULL"),
        )
    # Past SQLAlchemy, to which a colon in a text is a parameter.
    run = op.get_bind().exec_driver_sql
    run(f"GRANT SELECT ON {', '.join(OPEN)} TO gisgrid_web, gisgrid_views")
    for table in CLOSED:
        run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for statements in (SCOPE, PLACES, IDENTITY, MASKS, UNMASK, ALIAS, VERSION):
        run(statements)
    for function in OPENING:
        run(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        run(f"GRANT EXECUTE ON FUNCTION {function} TO gisgrid_web")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for view in (
        "masked_household",
        "masked_resident",
        "masked_staff",
        "grid_leader",
        "account_listed",
    ):
        run(f"DROP VIEW {view}")
    run("DROP TRIGGER mark_personal ON alias")
    run(OPEN_AGAIN)
    for function in (*OPENING, *HELPERS):
        run(f"DROP FUNCTION {function}")
    run("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM gisgrid_web, gisgrid_views")
    run("GRANT SELECT, INSERT ON audit_entry TO gisgrid_views")
    run("GRANT SELECT (id, name) ON account TO gisgrid_views")
    run("ALTER FUNCTION keep_history() SECURITY INVOKER RESET ALL")
    run("COMMENT ON FUNCTION keep_history() IS NULL")
    for table in ("house_grid", "event_grid"):
        op.drop_index(f"ix_{table}_exclusive_grid_id", table_name=table)
    op.drop_index("ix_appointment_account_id", table_name="appointment")
    op.drop_column("alias", "personal")
    op.drop_column("township", "masking")
