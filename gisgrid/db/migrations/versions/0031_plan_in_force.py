"""Which plan is in force is a question of the day; a plan that was published stays published."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

# The one place that says what day it is in a zone. No SET: the server then puts it into the statement.
DAY = """
CREATE FUNCTION day_in(zone text) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT (now() AT TIME ZONE zone)::date
$$;
CREATE OR REPLACE FUNCTION today_in(area bigint) RETURNS date LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN day_in(coalesce((
        SELECT t.time_zone FROM township t JOIN area a ON a.id = t.area_id
        WHERE area IS NULL OR a.id = area OR a.parent_id = area
           OR a.id = (SELECT parent_id FROM area c WHERE c.id = area)
        ORDER BY a.code LIMIT 1), 'Asia/Shanghai'));
END $$
"""
# Read with the rights of whoever asks; no more than one row a township.
VIEW = """
CREATE VIEW plan_in_force WITH (security_invoker = true) AS
SELECT p.id, p.township_id, p.name, p.validity, p.based_on_id
FROM plan p JOIN township t ON t.area_id = p.township_id
WHERE p.validity @> day_in(t.time_zone);
COMMENT ON VIEW plan_in_force IS 'the plan of today in the zone of each township';
GRANT SELECT ON plan_in_force TO gisgrid_web, gisgrid_views, gisgrid_planner
"""
# Policies know the function by its number, so that they follow it to its new name.
RENAMED = """
ALTER FUNCTION published_plans() RENAME TO plans_in_force;
CREATE OR REPLACE FUNCTION plans_in_force() RETURNS bigint[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT id FROM plan_in_force);
END $$
"""
STATES = "'draft', 'in_review', 'returned', 'approved', 'notified', 'published'"
# That a plan ended is told by the step that published the next one.
PLANS = f"""
DROP INDEX uq_plan_published;
ALTER TABLE plan DROP CONSTRAINT ck_plan_ck_plan_validity, DROP CONSTRAINT ck_plan_state;
UPDATE plan SET state = 'published' WHERE state = 'retired';
DELETE FROM plan_step WHERE to_state = 'retired';
ALTER TABLE plan ADD CONSTRAINT ck_plan_state CHECK (state IN ({STATES})),
    ADD CONSTRAINT ck_plan_validity CHECK ((state = 'published') = (validity IS NOT NULL)
        AND NOT isempty(validity) AND NOT lower_inf(validity));
CREATE UNIQUE INDEX uq_plan_without_end ON plan (township_id) WHERE upper_inf(validity)
"""

MY_GRIDS = """
CREATE OR REPLACE FUNCTION my_grids(wanted text) RETURNS bigint[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
DECLARE
    communities bigint[];
BEGIN
    IF my_account() IS NULL THEN
        RETURN '{{}}';
    END IF;
    communities := my_communities(wanted);
    RETURN ARRAY(
        SELECT g.id FROM {plan} p JOIN grid g ON g.plan_id = p.id
        WHERE {now} AND g.community_id = ANY (communities)
        UNION
        SELECT g.id FROM appointments_with(wanted) m
        JOIN {plan} p ON p.township_id = m.area_id AND {now}
        JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code);
END $$
"""
HOUSE_WITHIN = """
CREATE OR REPLACE FUNCTION house_within(wanted text, house bigint, township bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    here house_grid;
BEGIN
    IF township = ANY (my_townships(wanted)) THEN
        RETURN true;
    END IF;
    SELECT a.* INTO here FROM house_grid a
    WHERE a.house_id = house AND a.plan_id = ANY ({plans}());
    IF here.grid_id IS NULL THEN
        RETURN EXISTS (SELECT FROM house h
                       WHERE h.id = house AND h.community_id = ANY (my_communities(wanted)));
    END IF;
    RETURN coalesce(here.grid_id = ANY (my_grids(wanted))
                    OR here.exclusive_grid_id = ANY (my_grids(wanted)), false);
END $$
"""
MAY_ACT = """
CREATE OR REPLACE FUNCTION may_act(c event_case, actor text, wanted text, doing text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who account;
    here text[];
    communities bigint[];
BEGIN
    IF my_account() IS NULL THEN
        RETURN wanted = 'resident';
    END IF;
    SELECT * INTO who FROM account WHERE id = my_account() AND active AND name = actor;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT array_agg(g.code), array_agg(g.community_id) INTO here, communities
    FROM {plan} p JOIN grid g ON g.plan_id = p.id
    WHERE p.township_id = c.township_id AND {now}
      AND (g.code = c.grid_code OR g.id = (SELECT a.grid_id FROM event_grid a
           WHERE a.plan_id = p.id AND a.event_id = c.event_id));
    communities := communities || (SELECT e.community_id FROM event e WHERE e.id = c.event_id);
    RETURN EXISTS (
        SELECT FROM appointment m LEFT JOIN area a ON a.id = m.area_id
        WHERE m.account_id = who.id AND m.role = wanted AND m.during @> today_in(m.area_id)
          AND (m.area_id IS NULL
               OR m.grid_code IS NULL AND m.area_id IN (c.township_id,
                   (SELECT parent_id FROM area WHERE id = c.township_id))
               OR m.grid_code IS NULL AND m.area_id = ANY (communities)
               OR m.grid_code IS NOT NULL AND m.area_id = c.township_id
                   AND (m.grid_code = ANY (here) OR who.staff_id = c.staff_id)
               OR doing IN ('report', 'note')
                   AND c.township_id IN (a.id, a.parent_id)));
END $$
"""
TELL_STEPS = """
CREATE OR REPLACE FUNCTION tell_steps() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    told jsonb;
    newest bigint;
    many boolean;
BEGIN
    SELECT max(id), count(*) > 50 INTO newest, many FROM fresh;
    IF newest IS NULL THEN
        RETURN NULL;
    END IF;
    IF NOT many THEN
        SELECT jsonb_agg(jsonb_build_array(s.case_id, s.seq, c.township_id, e.community_id,
            a.grid_id, a.exclusive_grid_id) ORDER BY s.id) INTO told
        FROM fresh s JOIN event_case c ON c.id = s.case_id JOIN event e ON e.id = c.event_id
        LEFT JOIN {plan} p ON p.township_id = c.township_id AND {now}
        LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id;
    END IF;
    PERFORM pg_notify('cases_changed', jsonb_build_object('step', newest,
        'xmin', pg_snapshot_xmin(pg_current_snapshot())::text, 'cases', told)::text);
    RETURN NULL;
END $$
"""
# To who may not see exact counts, no plan but that of today is counted.
LEAST_SHOWN = """
CREATE OR REPLACE FUNCTION least_shown(asked bigint) RETURNS int LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
DECLARE
    home township;
BEGIN
    SELECT t.* INTO home FROM township t JOIN plan o ON o.township_id = t.area_id WHERE o.id = asked;
    RETURN CASE WHEN owns_the_store() OR home.area_id = ANY (my_townships('see_counts')) THEN 0
                WHEN EXISTS (SELECT FROM {plan} p WHERE p.id = asked AND {now})
                    THEN home.public_minimum ELSE 2147483647 END;
END $$
"""
# Which houses somebody sees follows from the plan in force, whatever plan they look at.
VERSION = """
CREATE OR REPLACE FUNCTION data_version(asked bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
SELECT left(md5(concat_ws('|',
    (SELECT max(id) FROM import_run), (SELECT max(id) FROM history),
    (SELECT max(id) FROM house), (SELECT max(id) FROM event), (SELECT max(id) FROM area),
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM grid WHERE plan_id = asked),
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM street
     WHERE township_id = (SELECT township_id FROM plan p WHERE p.id = asked)),
    (SELECT p.id FROM {plan} p JOIN plan o ON o.township_id = p.township_id WHERE o.id = asked AND {now}),
    (SELECT string_agg(x::text, ',') FROM pg_snapshot_xip(pg_current_snapshot()) AS x)
)), 12)
$$
"""
FUNCTIONS = (MY_GRIDS, HOUSE_WITHIN, MAY_ACT, TELL_STEPS, LEAST_SHOWN, VERSION)
OF_TODAY = {"plan": "plan_in_force", "now": "true", "plans": "plans_in_force"}
OF_STATE = {"plan": "plan", "now": "p.state = 'published'", "plans": "published_plans"}


def upgrade() -> None:
    # Past SQLAlchemy, to which a colon in a text is a parameter.
    run = op.get_bind().exec_driver_sql
    for statements in (PLANS, DAY, VIEW, RENAMED):
        run(statements)
    for function in FUNCTIONS:
        run(function.format(**OF_TODAY))


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER FUNCTION plans_in_force() RENAME TO published_plans")
    run(
        """
        CREATE OR REPLACE FUNCTION published_plans() RETURNS bigint[] LANGUAGE plpgsql STABLE
        SET search_path = public, pg_temp AS $$
        BEGIN
            RETURN ARRAY(SELECT id FROM plan WHERE state = 'published');
        END $$
        """
    )
    for function in FUNCTIONS:
        run(function.format(**OF_STATE))
    run("DROP VIEW plan_in_force")
    run(
        """
        CREATE OR REPLACE FUNCTION today_in(area bigint) RETURNS date LANGUAGE plpgsql STABLE
        SET search_path = public, pg_temp AS $$
        BEGIN
            RETURN (now() AT TIME ZONE coalesce((
                SELECT t.time_zone FROM township t JOIN area a ON a.id = t.area_id
                WHERE area IS NULL OR a.id = area OR a.parent_id = area
                   OR a.id = (SELECT parent_id FROM area c WHERE c.id = area)
                ORDER BY a.code LIMIT 1), 'Asia/Shanghai'))::date;
        END $$;
        DROP FUNCTION day_in(text);
        DROP INDEX uq_plan_without_end;
        ALTER TABLE plan DROP CONSTRAINT ck_plan_validity, DROP CONSTRAINT ck_plan_state;
        UPDATE plan SET state = 'retired' WHERE NOT upper_inf(validity);
        ALTER TABLE plan ADD CONSTRAINT ck_plan_state CHECK (state IN (
                'draft', 'in_review', 'returned', 'approved', 'notified', 'published', 'retired')),
            ADD CONSTRAINT ck_plan_ck_plan_validity CHECK (
                (state IN ('published', 'retired')) = (validity IS NOT NULL));
        CREATE UNIQUE INDEX uq_plan_published ON plan (township_id) WHERE state = 'published'
        """
    )
