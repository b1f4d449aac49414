"""Around the cases: assets, suggestions, emergencies, duty, old problems; and who sees cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from gisgrid.db.migrations.protect import of_event, of_township, protect

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Whoever reports sees what they have just reported, and whoever has a ticket sees its case, whatever
# else they may see: the transaction names the event, after it was made or its ticket was known.
REPORT = """
CREATE FUNCTION my_report() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('gisgrid.report', true), '')::bigint
$$;
CREATE FUNCTION event_of_ticket(known text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT event_id FROM event_case WHERE ticket = known
$$;
COMMENT ON FUNCTION event_of_ticket(text) IS
    'runs as the owner: whoever knows a ticket may follow its case without an account';
CREATE FUNCTION event_of_client(township bigint, known text) RETURNS bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM event WHERE township_id = township AND client_id = known
$$;
COMMENT ON FUNCTION event_of_client(bigint, text) IS
    'runs as the owner: a phone that sends its report again learns that it came in'
"""
OF_CASE = "EXISTS (SELECT FROM event_case c WHERE c.id = :table.case_id)"
POLICIES = f"""
CREATE POLICY reported ON event FOR SELECT USING (id = my_report());
CREATE POLICY added ON event FOR INSERT WITH CHECK (id = my_report());
CREATE POLICY changed ON event FOR UPDATE USING (
    id = my_report() OR (SELECT has_right('handle_events')));
GRANT SELECT (asset_id, client_id) ON event TO gisgrid_web;
GRANT INSERT, UPDATE (geom, place, source_x, source_y, asset_id, grid_code) ON event TO gisgrid_web;
GRANT USAGE ON SEQUENCE event_id_seq TO gisgrid_web;
CREATE POLICY reported ON event_grid USING (event_id = my_report());
CREATE POLICY changed ON event_grid FOR UPDATE USING ((SELECT has_right('handle_events')));
CREATE POLICY added ON event_grid FOR INSERT WITH CHECK ((SELECT has_right('handle_events')));
CREATE POLICY gone ON event_grid FOR DELETE USING ((SELECT has_right('handle_events')));
GRANT INSERT, UPDATE, DELETE ON event_grid TO gisgrid_web;
{protect("event_case", using=of_event("event_id"))};
CREATE POLICY added ON event_case FOR INSERT WITH CHECK
    (EXISTS (SELECT FROM event e WHERE e.id = event_case.event_id));
CREATE POLICY changed ON event_case FOR UPDATE USING
    (EXISTS (SELECT FROM event e WHERE e.id = event_case.event_id));
GRANT INSERT, UPDATE ON event_case TO gisgrid_web;
{protect("case_step", using=OF_CASE)};
CREATE POLICY added ON case_step FOR INSERT WITH CHECK
    (EXISTS (SELECT FROM event_case c WHERE c.id = case_step.case_id));
GRANT INSERT ON case_step TO gisgrid_web;
{protect("case_clock", using=OF_CASE)};
CREATE POLICY added ON case_clock FOR INSERT WITH CHECK
    (EXISTS (SELECT FROM event_case c WHERE c.id = case_clock.case_id));
CREATE POLICY changed ON case_clock FOR UPDATE USING
    (EXISTS (SELECT FROM event_case c WHERE c.id = case_clock.case_id));
GRANT INSERT, UPDATE ON case_clock TO gisgrid_web;
{protect("photo", using=of_event("event_id"))};
CREATE POLICY added ON photo FOR INSERT WITH CHECK
    (EXISTS (SELECT FROM event e WHERE e.id = photo.event_id));
GRANT INSERT ON photo TO gisgrid_web;
{protect("suggestion", using=OF_CASE)};
CREATE POLICY added ON suggestion FOR INSERT WITH CHECK
    (EXISTS (SELECT FROM event_case c WHERE c.id = suggestion.case_id));
CREATE POLICY changed ON suggestion FOR UPDATE USING
    (EXISTS (SELECT FROM event_case c WHERE c.id = suggestion.case_id));
GRANT INSERT, UPDATE (accepted) ON suggestion TO gisgrid_web;
{protect("refused_demand", using=of_township("see_events"))};
{protect("asset", using="(SELECT has_right('see_events'))")};
{protect("emergency", using="(SELECT has_right('see_events'))")};
{protect("duty", using=of_township("see_contacts"))};
{protect("legacy_problem", using=of_township("see_events"))};
{protect("legacy_review", using="EXISTS (SELECT FROM legacy_problem p WHERE p.id = problem_id)")};
{protect("notice", using=of_township("see_events"))};
CREATE POLICY added ON notice FOR INSERT WITH CHECK ((SELECT has_right('handle_events'))
    OR EXISTS (SELECT FROM event_case c WHERE c.id = notice.case_id));
CREATE POLICY changed ON notice FOR UPDATE USING ({of_township("handle_events")});
GRANT INSERT, UPDATE (seen_at, seen_by) ON notice TO gisgrid_web
"""
# The rules of the game are no secret.
OPEN = ("calendar_year", "flow", "flow_state", "flow_step")
COVERED = ("event_case", "case_step", "case_clock", "photo", "suggestion", "refused_demand")
LOGS = ("legacy_review",)


def upgrade() -> None:
    op.create_table(
        "asset",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("reach_m", sa.Float(), server_default="0", nullable=False),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        sa.CheckConstraint("NOT isempty(during)", name="ck_asset_during"),
        sa.ForeignKeyConstraint(["township_id"], ["township.area_id"], name="fk_asset_township_id"),
        sa.PrimaryKeyConstraint("id", name="pk_asset"),
        sa.UniqueConstraint("township_id", "code", name="uq_asset_township_id_code"),
    )
    op.create_index("ix_asset_geom", "asset", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "emergency",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holds_ordinary", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("btrim(reason) <> ''", name="ck_emergency_reason"),
        sa.CheckConstraint("ended_at > started_at", name="ck_emergency_ended"),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name="fk_emergency_area_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_emergency_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_emergency"),
    )
    op.create_index(
        "uq_emergency_area_id_running",
        "emergency",
        ["area_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "duty",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("micro_grid", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("NOT isempty(during)", name="ck_duty_during"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_duty_staff_id"),
        sa.ForeignKeyConstraint(["township_id"], ["township.area_id"], name="fk_duty_township_id"),
        sa.PrimaryKeyConstraint("id", name="pk_duty"),
    )
    op.create_index(
        "ix_duty_township_id_grid_code", "duty", ["township_id", "grid_code"], unique=False
    )
    op.create_table(
        "legacy_problem",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("supervisor", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("solved_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(solved_on IS NULL) = (review_on IS NOT NULL)", name="ck_legacy_problem_review"
        ),
        sa.CheckConstraint("solved_on >= opened_on", name="ck_legacy_problem_solved"),
        sa.ForeignKeyConstraint(["case_id"], ["event_case.id"], name="fk_legacy_problem_case_id"),
        sa.ForeignKeyConstraint(
            ["community_id"], ["area.id"], name="fk_legacy_problem_community_id"
        ),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_legacy_problem_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_legacy_problem"),
        sa.UniqueConstraint("township_id", "code", name="uq_legacy_problem_township_id_code"),
    )
    op.create_index(
        "ix_legacy_problem_review_on", "legacy_problem", ["township_id", "review_on"], unique=False
    )
    op.create_table(
        "suggestion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["event_case.id"], name="fk_suggestion_case_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_suggestion_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_suggestion"),
    )
    op.create_index("ix_suggestion_case_id", "suggestion", ["case_id"], unique=False)
    op.create_table(
        "legacy_review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("problem_id", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["legacy_problem.id"], name="fk_legacy_review_problem_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_legacy_review"),
    )
    op.create_index("ix_legacy_review_problem_id", "legacy_review", ["problem_id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("problem_id", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('call', 'warning', 'review')", name="ck_notice_kind"),
        sa.ForeignKeyConstraint(["case_id"], ["event_case.id"], name="fk_notice_case_id"),
        sa.ForeignKeyConstraint(["problem_id"], ["legacy_problem.id"], name="fk_notice_problem_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_notice_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.UniqueConstraint("key", name="uq_notice_key"),
    )
    op.create_index(
        "ix_notice_township_id_open",
        "notice",
        ["township_id"],
        unique=False,
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    op.add_column("event", sa.Column("asset_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(("fk_event_asset_id"), "event", "asset", ["asset_id"], ["id"])
    # Past SQLAlchemy, to which a colon in a text is a parameter.
    run = op.get_bind().exec_driver_sql
    run(REPORT)
    run(f"GRANT SELECT ON {', '.join(OPEN)} TO gisgrid_web, gisgrid_views")
    run(POLICIES)
    for table in LOGS:
        run(
            f"CREATE TRIGGER keep_case_log BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION keep_case_log()"
        )
    for table in ("asset", "emergency", "duty", "legacy_problem", "matter"):
        run(
            f"CREATE TRIGGER keep_history_update AFTER UPDATE ON {table} FOR EACH ROW "
            "WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id')"
        )


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("DROP TRIGGER keep_history_update ON matter")
    for table, policies in {
        "event": ("reported", "added", "changed"),
        "event_grid": ("reported", "added", "changed", "gone"),
        **dict.fromkeys(COVERED, ("seen",)),
    }.items():
        for policy in policies:
            run(f"DROP POLICY IF EXISTS {policy} ON {table}")
    for table in COVERED:
        for policy in ("added", "changed"):
            run(f"DROP POLICY IF EXISTS {policy} ON {table}")
        run(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    run("REVOKE INSERT, UPDATE, DELETE ON event, event_grid FROM gisgrid_web")
    run("REVOKE USAGE ON SEQUENCE event_id_seq FROM gisgrid_web")
    run(f"REVOKE ALL ON {', '.join((*OPEN, *COVERED))} FROM gisgrid_web, gisgrid_views")
    run("DROP FUNCTION my_report(), event_of_ticket(text), event_of_client(bigint, text)")
    op.drop_constraint("fk_event_asset_id", "event", type_="foreignkey")
    op.drop_column("event", "asset_id")
    op.drop_index(
        "ix_notice_township_id_open",
        table_name="notice",
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    op.drop_table("notice")
    op.drop_index("ix_legacy_review_problem_id", table_name="legacy_review")
    op.drop_table("legacy_review")
    op.drop_index("ix_suggestion_case_id", table_name="suggestion")
    op.drop_table("suggestion")
    op.drop_index("ix_legacy_problem_review_on", table_name="legacy_problem")
    op.drop_table("legacy_problem")
    op.drop_index("ix_duty_township_id_grid_code", table_name="duty")
    op.drop_table("duty")
    op.drop_index(
        "uq_emergency_area_id_running",
        table_name="emergency",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("emergency")
    op.drop_index("ix_asset_geom", table_name="asset", postgresql_using="gist")
    op.drop_table("asset")
