"""How events are handled: calendars, flows, cases with their log and clocks, the matters' duties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The one way a case changes: a line of its log goes in, and the case follows. The conditions of the
# classes GG001 to GG007 are told by `gisgrid.cases.refusals`.
TAKE_STEP = """
CREATE FUNCTION take_case_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    c event_case;
    rule flow_step;
    target flow_state;
    here text;
    day date;
    phases CONSTANT text[] := ARRAY['report', 'file', 'assign', 'handle', 'check'];
    levels CONSTANT text[] := ARRAY['residents', 'grid', 'community', 'section', 'township'];
BEGIN
    SELECT * INTO c FROM event_case WHERE id = NEW.case_id FOR UPDATE;
    IF NEW.seq <> c.seq + 1 OR NEW.at < c.changed_at THEN
        RAISE 'case % stands at step % of %', c.id, c.seq, c.changed_at USING ERRCODE = 'GG001';
    END IF;
    SELECT * INTO rule FROM flow_step
    WHERE flow_id = c.flow_id AND step = NEW.step AND from_state = c.state;
    IF NOT FOUND THEN
        RAISE 'no step % from %', NEW.step, c.state USING ERRCODE = 'GG002';
    END IF;
    IF NOT NEW.role = ANY(rule.who) THEN
        RAISE 'the role % may not %', NEW.role, NEW.step USING ERRCODE = 'GG003';
    END IF;
    IF session_user = 'gisgrid_web' OR coalesce(current_setting('gisgrid.account', true), '') <> '' THEN
        IF NOT may_act(c, NEW.actor, NEW.role, rule.means) THEN
            RAISE '% is not % here', NEW.actor, NEW.role USING ERRCODE = 'GG003';
        END IF;
    END IF;
    IF rule.not_handler AND EXISTS (
        SELECT FROM case_step s
        WHERE s.case_id = c.id AND s.actor = NEW.actor AND s.means IN ('begin', 'handle')
    ) THEN
        RAISE 'who handled may not %', NEW.step USING ERRCODE = 'GG004';
    END IF;

    SELECT * INTO target FROM flow_state WHERE flow_id = c.flow_id AND state = rule.to_state;
    IF rule.to_state = 'same' THEN
        SELECT * INTO target FROM flow_state WHERE flow_id = c.flow_id AND state = c.state;
    ELSIF rule.to_state = 'back' THEN
        SELECT * INTO target FROM flow_state WHERE flow_id = c.flow_id AND state = c.back_state;
    ELSIF rule.to_state = 'like' THEN
        -- The state of the same phase in the other flow, else of the next, else of the last before.
        SELECT phase INTO here FROM flow_state WHERE flow_id = c.flow_id
            AND state = CASE WHEN c.back_state IS NULL THEN c.state ELSE c.back_state END;
        SELECT f.* INTO target FROM flow_state f,
            LATERAL (SELECT array_position(phases, f.phase) - array_position(phases, here)) d(away)
        WHERE f.flow_id = NEW.flow_id AND f.phase = ANY(phases)
        ORDER BY away < 0, abs(away), f.position LIMIT 1;
    END IF;

    -- Nested, because the one condition below is dear to begin.
    IF cardinality(rule.needs) > 0 THEN IF ('reason' = ANY(rule.needs) AND coalesce(btrim(NEW.reason), '') = '')
        OR ('note' = ANY(rule.needs) AND coalesce(btrim(NEW.note), '') = '')
        OR ('owner' = ANY(rule.needs)
            AND num_nonnulls(NEW.grid_code, NEW.office, NEW.staff_id) = 0)
        OR ('level' = ANY(rule.needs) AND NOT coalesce(array_position(levels, NEW.level)
            > array_position(levels, coalesce(c.level, 'residents')), false))
        OR ('rating' = ANY(rule.needs) AND NEW.rating IS NULL)
        OR ('into' = ANY(rule.needs) AND NOT EXISTS (SELECT FROM event_case i
            WHERE i.id = NEW.into_id AND i.id <> c.id AND i.open AND i.township_id = c.township_id))
        OR ('flow' = ANY(rule.needs) AND NOT EXISTS (SELECT FROM flow f
            WHERE f.id = NEW.flow_id AND f.id <> c.flow_id AND f.township_id = c.township_id))
        OR ('photo' = ANY(rule.needs) AND NOT EXISTS (SELECT FROM photo p
            WHERE p.event_id = c.event_id))
        OR ('photo_if_asked' = ANY(rule.needs) AND EXISTS (SELECT FROM event e
            JOIN matter m ON m.id = e.matter_id WHERE e.id = c.event_id AND m.asks_photo)
            AND NOT EXISTS (SELECT FROM photo p
                WHERE p.event_id = c.event_id AND p.shows = 'after'))
    THEN
        RAISE '% needs %', NEW.step, rule.needs USING ERRCODE = 'GG005';
    END IF;
    END IF;

    -- Only what is on the list of that day is sent to a grid.
    IF NEW.grid_code IS NOT NULL AND rule.means IN ('assign', 'transfer') THEN
        SELECT (NEW.at AT TIME ZONE t.time_zone)::date INTO day
        FROM township t WHERE t.area_id = c.township_id;
        IF NOT EXISTS (
            SELECT FROM event e JOIN matter was ON was.id = e.matter_id
            JOIN matter m ON m.code = was.code JOIN matter_list l ON l.id = m.list_id
            WHERE e.id = c.event_id AND l.township_id = c.township_id AND l.validity @> day
              AND (m.during IS NULL OR m.during @> day)
        ) THEN
            RAISE 'the matter is not on the list of %', day USING ERRCODE = 'GG006';
        END IF;
    END IF;

    NEW.means := rule.means;
    NEW.from_state := c.state;
    NEW.to_state := target.state;
    UPDATE event_case SET
        seq = NEW.seq,
        changed_at = NEW.at,
        opened_at = coalesce(c.opened_at, NEW.at),
        flow_id = target.flow_id,
        state = target.state,
        open = target.open,
        back_state = CASE WHEN target.phase <> 'hold' THEN NULL
                          WHEN c.back_state IS NULL THEN c.state ELSE c.back_state END,
        closed_at = CASE WHEN target.open THEN NULL
                         WHEN c.open THEN NEW.at ELSE c.closed_at END,
        level = coalesce(NEW.level, c.level),
        grid_code = CASE WHEN num_nonnulls(NEW.grid_code, NEW.office, NEW.staff_id) = 0
                         THEN c.grid_code ELSE NEW.grid_code END,
        office = CASE WHEN num_nonnulls(NEW.grid_code, NEW.office, NEW.staff_id) = 0
                      THEN c.office ELSE NEW.office END,
        staff_id = CASE WHEN num_nonnulls(NEW.grid_code, NEW.office, NEW.staff_id) = 0
                        THEN c.staff_id ELSE NEW.staff_id END,
        merged_into_id = coalesce(NEW.into_id, c.merged_into_id),
        rating = coalesce(NEW.rating, c.rating)
    WHERE id = c.id;
    IF target.open IS DISTINCT FROM c.open THEN
        UPDATE event SET closed_at = CASE WHEN target.open THEN NULL ELSE NEW.at END
        WHERE id = c.event_id AND closed_at IS DISTINCT FROM
            CASE WHEN target.open THEN NULL ELSE NEW.at END;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION take_case_step() IS
    'runs as the owner: the one way in which a case changes, and it asks for the right itself'
"""
# Whoever reported needs no account and is only ever a resident. A report or a note may come from any
# post in the township; all else from one whose area or grid the case lies in, or is given to.
MAY_ACT = """
CREATE FUNCTION may_act(c event_case, actor text, wanted text, doing text) RETURNS boolean
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
    FROM plan p JOIN grid g ON g.plan_id = p.id
    WHERE p.township_id = c.township_id AND p.state = 'published'
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
END $$;
COMMENT ON FUNCTION may_act(event_case, text, text, text) IS
    'runs as the owner: reads appointments and the place of a case, and answers yes or no'
"""
GUARD_CASE = """
CREATE FUNCTION guard_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq <> 0 OR NEW.state <> '' OR NOT NEW.open OR num_nonnulls(NEW.opened_at,
            NEW.closed_at, NEW.back_state, NEW.merged_into_id, NEW.rating) > 0 THEN
            RAISE 'a case begins with its first step' USING ERRCODE = 'GG007';
        END IF;
        RETURN NEW;
    END IF;
    -- Deeper than one: the update comes from take_case_step.
    IF pg_trigger_depth() = 1 OR TG_OP = 'DELETE' THEN
        RAISE 'a case changes by its log only' USING ERRCODE = 'GG007';
    END IF;
    RETURN NEW;
END $$
"""
KEEP_LOG = """
CREATE FUNCTION keep_case_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE 'what stands in % stays', TG_TABLE_NAME USING ERRCODE = 'GG007';
END $$
"""
LOGS = ("case_step", "refused_demand", "flow", "flow_state", "flow_step")
_LEVELS = "('residents', 'grid', 'community', 'section', 'township')"
MATTER_CHECKS = {
    "ck_matter_decider": f"decider IN {_LEVELS}",
    "ck_matter_acts": f"acts IN {_LEVELS}",
    "ck_matter_duplicate": "duplicate_m > 0 AND duplicate_h > 0",
    "ck_matter_consent": "(consent IS NULL) = (during IS NULL)",
    "ck_matter_during": "NOT upper_inf(during) AND NOT isempty(during)",
}


def upgrade() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("hours", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "names",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("day_rule", sa.Text(), server_default="share", nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("day_rule IN ('share', 'end')", name="ck_calendar_year_day_rule"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_calendar_year_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_year"),
        sa.UniqueConstraint("township_id", "year", name="uq_calendar_year_township_id_year"),
    )
    op.create_table(
        "flow",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("kind IN ('normal', 'emergency', 'imported')", name="ck_flow_kind"),
        sa.ForeignKeyConstraint(["township_id"], ["township.area_id"], name="fk_flow_township_id"),
        sa.PrimaryKeyConstraint("id", name="pk_flow"),
        sa.UniqueConstraint(
            "township_id", "kind", "version", name="uq_flow_township_id_kind_version"
        ),
    )
    op.create_table(
        "refused_demand",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["area.id"], name="fk_refused_demand_community_id"
        ),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_refused_demand_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_refused_demand"),
    )
    op.create_index(
        "ix_refused_demand_township_id_at", "refused_demand", ["township_id", "at"], unique=False
    )
    op.create_table(
        "flow_state",
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name="fk_flow_state_flow_id"),
        sa.PrimaryKeyConstraint("flow_id", "state", name="pk_flow_state"),
    )
    op.create_table(
        "flow_step",
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("means", sa.Text(), nullable=False),
        sa.Column("who", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("needs", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("not_handler", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name="fk_flow_step_flow_id"),
        sa.PrimaryKeyConstraint("flow_id", "step", "from_state", name="pk_flow_step"),
    )
    op.create_table(
        "event_case",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("back_state", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into_id", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("office", sa.Text(), nullable=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "level IN ('residents', 'grid', 'community', 'section', 'township')",
            name="ck_event_case_level",
        ),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="ck_event_case_rating"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_event_case_event_id"),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name="fk_event_case_flow_id"),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["event_case.id"], name="fk_event_case_merged_into_id"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_event_case_staff_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_event_case_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_event_case"),
        sa.UniqueConstraint("event_id", name="uq_event_case_event_id"),
        sa.UniqueConstraint("ticket", name="uq_event_case_ticket"),
    )
    op.create_index("ix_event_case_merged_into_id", "event_case", ["merged_into_id"], unique=False)
    op.create_index(
        "ix_event_case_staff_id",
        "event_case",
        ["staff_id"],
        unique=False,
        postgresql_where=sa.text("open"),
    )
    op.create_index(
        "ix_event_case_township_id_open",
        "event_case",
        ["township_id"],
        unique=False,
        postgresql_where=sa.text("open"),
    )
    op.create_table(
        "photo",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("shows", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("far_m", sa.Float(), nullable=True),
        sa.Column(
            "added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.CheckConstraint("shows IN ('before', 'after')", name="ck_photo_shows"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_photo_event_id"),
        sa.PrimaryKeyConstraint("id", name="pk_photo"),
        sa.UniqueConstraint("event_id", "sha256", name="uq_photo_event_id_sha256"),
    )
    op.create_index("ix_photo_event_id", "photo", ["event_id"], unique=False)
    op.create_table(
        "case_clock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("units", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("yellow_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "paused_by",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "colour IN ('green', 'yellow', 'red', 'paused', 'unknown', 'met', 'missed')",
            name="ck_case_clock_colour",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["event_case.id"], name="fk_case_clock_case_id"),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name="fk_case_clock_flow_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_clock"),
    )
    op.create_index("ix_case_clock_case_id", "case_clock", ["case_id"], unique=False)
    op.create_index(
        "ix_case_clock_running",
        "case_clock",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.create_table(
        "case_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("means", sa.Text(), server_default="", nullable=False),
        sa.Column("from_state", sa.Text(), server_default="", nullable=False),
        sa.Column("to_state", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("into_id", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("flow_id", sa.BigInteger(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("office", sa.Text(), nullable=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "level IN ('residents', 'grid', 'community', 'section', 'township')",
            name="ck_case_step_level",
        ),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="ck_case_step_rating"),
        sa.ForeignKeyConstraint(["case_id"], ["event_case.id"], name="fk_case_step_case_id"),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name="fk_case_step_flow_id"),
        sa.ForeignKeyConstraint(["into_id"], ["event_case.id"], name="fk_case_step_into_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_case_step_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_step"),
        sa.UniqueConstraint("case_id", "seq", name="uq_case_step_case_id_seq"),
        sa.UniqueConstraint("client_id", name="uq_case_step_client_id"),
    )
    op.create_index("ix_case_step_at", "case_step", ["at"], unique=False)
    op.add_column("event", sa.Column("client_id", sa.Text(), nullable=True))
    op.add_column("event", sa.Column("reporter", sa.Text(), nullable=True))
    op.add_column("event", sa.Column("contact", sa.Text(), nullable=True))
    op.create_unique_constraint(
        "uq_event_township_id_client_id", "event", ["township_id", "client_id"]
    )
    op.add_column("matter", sa.Column("filing_rule", sa.Text(), nullable=True))
    op.add_column("matter", sa.Column("decider", sa.Text(), nullable=True))
    op.add_column("matter", sa.Column("acts", sa.Text(), nullable=True))
    op.add_column(
        "matter",
        sa.Column(
            "informs",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
    )
    op.add_column(
        "matter",
        sa.Column(
            "limits",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.add_column(
        "matter",
        sa.Column("asks_photo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("matter", sa.Column("duplicate_m", sa.Float(), nullable=True))
    op.add_column("matter", sa.Column("duplicate_h", sa.Float(), nullable=True))
    op.add_column(
        "matter",
        sa.Column(
            "skills",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
    )
    op.add_column("matter", sa.Column("consent", sa.Text(), nullable=True))
    op.add_column("matter", sa.Column("during", postgresql.DATERANGE(), nullable=True))
    for name, condition in MATTER_CHECKS.items():
        op.create_check_constraint(name, "matter", condition)
    # Pictures are compressed already.
    op.execute("ALTER TABLE photo ALTER jpeg SET STORAGE EXTERNAL")
    op.execute(MAY_ACT)
    op.execute(TAKE_STEP)
    op.execute(GUARD_CASE)
    op.execute(KEEP_LOG)
    op.execute(
        "CREATE TRIGGER take_case_step BEFORE INSERT ON case_step FOR EACH ROW "
        "EXECUTE FUNCTION take_case_step()"
    )
    op.execute(
        "CREATE TRIGGER guard_case BEFORE INSERT OR UPDATE OR DELETE ON event_case FOR EACH ROW "
        "EXECUTE FUNCTION guard_case()"
    )
    for table in LOGS:
        op.execute(
            f"CREATE TRIGGER keep_case_log BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION keep_case_log()"
        )
        op.execute(
            f"CREATE TRIGGER keep_case_log_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
            "EXECUTE FUNCTION keep_case_log()"
        )
    op.execute(
        "CREATE TRIGGER tell_change AFTER INSERT ON case_step FOR EACH STATEMENT "
        "EXECUTE FUNCTION tell_change('cases_changed')"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION may_act(event_case, text, text, text)")
    for name in MATTER_CHECKS:
        op.drop_constraint(name, "matter", type_="check")
    op.drop_column("matter", "during")
    op.drop_column("matter", "consent")
    op.drop_column("matter", "skills")
    op.drop_column("matter", "duplicate_h")
    op.drop_column("matter", "duplicate_m")
    op.drop_column("matter", "asks_photo")
    op.drop_column("matter", "limits")
    op.drop_column("matter", "informs")
    op.drop_column("matter", "acts")
    op.drop_column("matter", "decider")
    op.drop_column("matter", "filing_rule")
    op.drop_constraint("uq_event_township_id_client_id", "event", type_="unique")
    op.drop_column("event", "contact")
    op.drop_column("event", "reporter")
    op.drop_column("event", "client_id")
    op.drop_index("ix_case_step_at", table_name="case_step")
    op.drop_table("case_step")
    op.drop_index(
        "ix_case_clock_running",
        table_name="case_clock",
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.drop_index("ix_case_clock_case_id", table_name="case_clock")
    op.drop_table("case_clock")
    op.drop_index("ix_photo_event_id", table_name="photo")
    op.drop_table("photo")
    op.drop_index(
        "ix_event_case_township_id_open", table_name="event_case", postgresql_where=sa.text("open")
    )
    op.drop_index(
        "ix_event_case_staff_id", table_name="event_case", postgresql_where=sa.text("open")
    )
    op.drop_index("ix_event_case_merged_into_id", table_name="event_case")
    op.drop_table("event_case")
    op.drop_table("flow_step")
    op.drop_table("flow_state")
    op.drop_index("ix_refused_demand_township_id_at", table_name="refused_demand")
    op.drop_table("refused_demand")
    op.drop_table("flow")
    op.drop_table("calendar_year")
    op.execute("DROP FUNCTION take_case_step(), guard_case(), keep_case_log()")
