"""The spine: areas, plans, register, people, matters, events, lineage and history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


KEEP_HISTORY = """
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO history (table_name, row_id, action, old)
    VALUES (TG_TABLE_NAME, (to_jsonb(OLD) ->> TG_ARGV[0])::bigint, lower(TG_OP), to_jsonb(OLD));
    RETURN NULL;
END $$
"""
# The grid at report time is set once, after the insert, and then never changed by anybody.
KEEP_GRID_CODE = """
CREATE FUNCTION keep_grid_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the grid at report time of event % is kept for ever', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
# Table and the column that names its row. Grids need none: a plan is kept as a whole.
WITH_HISTORY = {
    "area": "id",
    "house": "id",
    "household": "id",
    "resident": "id",
    "staff": "id",
    "team_member": "id",
    "event": "id",
    "event_grid": "event_id",
}


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("old", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index(
        "ix_history_table_name_row_id", "history", ["table_name", "row_id"], unique=False
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("crs", sa.Text(), nullable=True),
        sa.Column("encoding", sa.Text(), nullable=True),
        sa.Column(
            "mapping",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_import_run"),
    )
    op.create_table(
        "area",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False)),
        sa.Column("derived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(level = 'county') = (parent_id IS NULL)", name="ck_area_root"),
        sa.CheckConstraint("level IN ('county', 'township', 'community')", name="ck_area_level"),
        sa.ForeignKeyConstraint(["parent_id"], ["area.id"], name="fk_area_parent_id"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_area_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_area"),
        sa.UniqueConstraint("code", name="uq_area_code"),
    )
    op.create_index("ix_area_geom", "area", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("ix_area_parent_id", "area", ["parent_id"], unique=False)
    op.create_table(
        "township",
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("metric_srid", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="Asia/Shanghai", nullable=False),
        sa.Column("grid_rule", sa.Text(), server_default="hole", nullable=False),
        sa.Column("code_scheme", sa.Text(), server_default="free", nullable=False),
        sa.Column("near_border_m", sa.Float(), server_default="5", nullable=False),
        sa.Column(
            "sizes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.CheckConstraint("code_scheme IN ('gb', 'free')", name="ck_township_code_scheme"),
        sa.CheckConstraint("grid_rule IN ('hole', 'overlay')", name="ck_township_grid_rule"),
        sa.CheckConstraint("near_border_m >= 0", name="ck_township_near_border"),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name="fk_township_area_id"),
        sa.PrimaryKeyConstraint("area_id", name="pk_township"),
    )
    op.create_table(
        "house",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=True),
        sa.Column("place", sa.Text(), server_default="ok", nullable=False),
        sa.Column("source_x", sa.Float(), nullable=True),
        sa.Column("source_y", sa.Float(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(place = 'ok') = (geom IS NOT NULL)", name="ck_house_place_geom"),
        sa.CheckConstraint("place IN ('ok', 'unlocated', 'placeholder')", name="ck_house_place"),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name="fk_house_community_id"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_house_run_id"),
        sa.ForeignKeyConstraint(["township_id"], ["township.area_id"], name="fk_house_township_id"),
        sa.PrimaryKeyConstraint("id", name="pk_house"),
        sa.UniqueConstraint("township_id", "code", name="uq_house_township_id_code"),
    )
    op.create_index("ix_house_community_id", "house", ["community_id"], unique=False)
    op.create_index("ix_house_geom", "house", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "matter_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("validity", postgresql.DATERANGE(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("township_id"), "="),
            (sa.column("validity"), "&&"),
            using="gist",
            name="ex_matter_list_validity",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_matter_list_run_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_matter_list_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_matter_list"),
        sa.UniqueConstraint("township_id", "version", name="uq_matter_list_township_id_version"),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("validity", postgresql.DATERANGE(), nullable=True),
        sa.Column("based_on_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "recipe",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("township_id"), "="),
            (sa.column("validity"), "&&"),
            using="gist",
            name="ex_plan_validity",
        ),
        sa.CheckConstraint(
            "(state IN ('published', 'retired')) = (validity IS NOT NULL)", name="ck_plan_validity"
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'published', 'retired')", name="ck_plan_state"
        ),
        sa.ForeignKeyConstraint(["based_on_id"], ["plan.id"], name="fk_plan_based_on_id"),
        sa.ForeignKeyConstraint(["township_id"], ["township.area_id"], name="fk_plan_township_id"),
        sa.PrimaryKeyConstraint("id", name="pk_plan"),
        sa.UniqueConstraint("township_id", "name", name="uq_plan_township_id_name"),
    )
    op.create_index(
        "uq_plan_published",
        "plan",
        ["township_id"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_staff_run_id"),
        sa.ForeignKeyConstraint(["township_id"], ["township.area_id"], name="fk_staff_township_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("township_id", "code", name="uq_staff_township_id_code"),
    )
    op.create_table(
        "street",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "geom", Geometry("MULTILINESTRING", srid=4326, spatial_index=False), nullable=False
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_street_run_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_street_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_street"),
        sa.UniqueConstraint("township_id", "code", name="uq_street_township_id_code"),
    )
    op.create_index("ix_street_geom", "street", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "grid",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="basic", nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('basic', 'exclusive')", name="ck_grid_kind"),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name="fk_grid_community_id"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name="fk_grid_plan_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_grid_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_grid"),
        sa.UniqueConstraint("plan_id", "code", name="uq_grid_plan_id_code"),
    )
    op.create_index("ix_grid_community_id", "grid", ["community_id"], unique=False)
    op.create_index("ix_grid_geom", "grid", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "household",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("house_id", sa.BigInteger(), nullable=False),
        sa.Column("room", sa.Text(), nullable=True),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["house_id"], ["house.id"], name="fk_household_house_id"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_household_run_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_household_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_household"),
        sa.UniqueConstraint("township_id", "code", name="uq_household_township_id_code"),
    )
    op.create_index("ix_household_house_id", "household", ["house_id"], unique=False)
    op.create_table(
        "matter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("office", sa.Text(), nullable=True),
        sa.Column("time_limit", sa.Float(), nullable=True),
        sa.Column("limit_unit", sa.Text(), nullable=True),
        sa.Column("closing_rule", sa.Text(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "limit_unit IN ('working_minutes', 'working_hours', 'working_days')",
            name="ck_matter_limit_unit",
        ),
        sa.CheckConstraint(
            "(time_limit IS NULL) = (limit_unit IS NULL)", name="ck_matter_time_limit"
        ),
        sa.CheckConstraint("time_limit > 0", name="ck_matter_time_limit_positive"),
        sa.ForeignKeyConstraint(["list_id"], ["matter_list.id"], name="fk_matter_list_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["matter.id"], name="fk_matter_parent_id"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_matter_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_matter"),
        sa.UniqueConstraint("list_id", "code", name="uq_matter_list_id_code"),
    )
    op.create_index("ix_matter_parent_id", "matter", ["parent_id"], unique=False)
    op.create_table(
        "team_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("staff_id"), "="),
            (sa.column("grid_code"), "="),
            (sa.column("role"), "="),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_team_member_once",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("township_id"), "="),
            (sa.column("grid_code"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("role = 'leader'"),
            using="gist",
            name="ex_team_member_one_leader",
        ),
        sa.CheckConstraint(
            "role IN ('leader', 'worker', 'sinking_force', 'social_force')",
            name="ck_team_member_role",
        ),
        sa.CheckConstraint("NOT isempty(during)", name="ck_team_member_during"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_team_member_run_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_team_member_staff_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_team_member_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_team_member"),
    )
    op.create_index(
        "ix_team_member_township_id_grid_code",
        "team_member",
        ["township_id", "grid_code"],
        unique=False,
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("matter_id", sa.BigInteger(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=True),
        sa.Column("place", sa.Text(), server_default="ok", nullable=False),
        sa.Column("source_x", sa.Float(), nullable=True),
        sa.Column("source_y", sa.Float(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(place = 'ok') = (geom IS NOT NULL)", name="ck_event_place_geom"),
        sa.CheckConstraint("place IN ('ok', 'unlocated', 'placeholder')", name="ck_event_place"),
        sa.CheckConstraint("closed_at >= reported_at", name="ck_event_closed_after_reported"),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name="fk_event_community_id"),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name="fk_event_matter_id"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_event_run_id"),
        sa.ForeignKeyConstraint(["township_id"], ["township.area_id"], name="fk_event_township_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("township_id", "code", name="uq_event_township_id_code"),
    )
    op.create_index("ix_event_geom", "event", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(
        "ix_event_township_id_reported_at", "event", ["township_id", "reported_at"], unique=False
    )
    op.create_table(
        "house_grid",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("house_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("exclusive_grid_id", sa.BigInteger(), nullable=True),
        sa.Column("border_m", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["exclusive_grid_id"],
            ["grid.id"],
            name="fk_house_grid_exclusive_grid_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["grid_id"], ["grid.id"], name="fk_house_grid_grid_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["house_id"], ["house.id"], name="fk_house_grid_house_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name="fk_house_grid_plan_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "house_id", name="pk_house_grid"),
    )
    op.create_index("ix_house_grid_grid_id", "house_grid", ["grid_id"], unique=False)
    op.create_table(
        "resident",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("citizen_id", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column(
            "needs",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("sex IN ('f', 'm')", name="ck_resident_sex"),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name="fk_resident_household_id"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_resident_run_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_resident_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_resident"),
        sa.UniqueConstraint("township_id", "code", name="uq_resident_township_id_code"),
    )
    op.create_index("ix_resident_household_id", "resident", ["household_id"], unique=False)
    op.create_table(
        "event_grid",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("exclusive_grid_id", sa.BigInteger(), nullable=True),
        sa.Column("border_m", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name="fk_event_grid_event_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["exclusive_grid_id"],
            ["grid.id"],
            name="fk_event_grid_exclusive_grid_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["grid_id"], ["grid.id"], name="fk_event_grid_grid_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name="fk_event_grid_plan_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "event_id", name="pk_event_grid"),
    )
    op.create_index("ix_event_grid_grid_id", "event_grid", ["grid_id"], unique=False)
    op.execute(KEEP_HISTORY)
    op.execute(KEEP_GRID_CODE)
    op.execute(
        "CREATE TRIGGER keep_grid_code BEFORE UPDATE OF grid_code ON event FOR EACH ROW "
        "WHEN (OLD.grid_code IS NOT NULL AND NEW.grid_code IS DISTINCT FROM OLD.grid_code) "
        "EXECUTE FUNCTION keep_grid_code()"
    )
    for table, key in WITH_HISTORY.items():
        # Setting the grid at report time is the end of the insert and no change.
        first = " AND OLD.grid_code IS NOT DISTINCT FROM NEW.grid_code" if table == "event" else ""
        op.execute(
            f"CREATE TRIGGER keep_history_update AFTER UPDATE ON {table} FOR EACH ROW "
            f"WHEN (OLD.* IS DISTINCT FROM NEW.*{first}) EXECUTE FUNCTION keep_history('{key}')"
        )
        op.execute(
            f"CREATE TRIGGER keep_history_delete AFTER DELETE ON {table} FOR EACH ROW "
            f"EXECUTE FUNCTION keep_history('{key}')"
        )


def downgrade() -> None:
    op.drop_index("ix_event_grid_grid_id", table_name="event_grid")
    op.drop_table("event_grid")
    op.drop_index("ix_resident_household_id", table_name="resident")
    op.drop_table("resident")
    op.drop_index("ix_house_grid_grid_id", table_name="house_grid")
    op.drop_table("house_grid")
    op.drop_index("ix_event_township_id_reported_at", table_name="event")
    op.drop_index("ix_event_geom", table_name="event", postgresql_using="gist")
    op.drop_table("event")
    op.drop_index("ix_team_member_township_id_grid_code", table_name="team_member")
    op.drop_table("team_member")
    op.drop_index("ix_matter_parent_id", table_name="matter")
    op.drop_table("matter")
    op.drop_index("ix_household_house_id", table_name="household")
    op.drop_table("household")
    op.drop_index("ix_grid_geom", table_name="grid", postgresql_using="gist")
    op.drop_index("ix_grid_community_id", table_name="grid")
    op.drop_table("grid")
    op.drop_index("ix_street_geom", table_name="street", postgresql_using="gist")
    op.drop_table("street")
    op.drop_table("staff")
    op.drop_index(
        "uq_plan_published", table_name="plan", postgresql_where=sa.text("state = 'published'")
    )
    op.drop_table("plan")
    op.drop_table("matter_list")
    op.drop_index("ix_house_geom", table_name="house", postgresql_using="gist")
    op.drop_index("ix_house_community_id", table_name="house")
    op.drop_table("house")
    op.drop_table("township")
    op.drop_index("ix_area_parent_id", table_name="area")
    op.drop_index("ix_area_geom", table_name="area", postgresql_using="gist")
    op.drop_table("area")
    op.drop_table("import_run")
    op.drop_index("ix_history_table_name_row_id", table_name="history")
    op.drop_table("history")
    op.execute("DROP FUNCTION keep_history()")
    op.execute("DROP FUNCTION keep_grid_code()")
