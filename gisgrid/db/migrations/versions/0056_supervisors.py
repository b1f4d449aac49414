"""The supervisor of an old problem is reminded of it, sees it and may note a look at it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

ME = "(SELECT k.name FROM account k WHERE k.id = my_account())"
OWN = "level || ':' || area_id = ANY ((SELECT my_levels('handle_events'))::text[])"
REMINDED = """EXISTS (SELECT FROM notice n WHERE n.problem_id = {problem}
    AND n.account_id = my_account())"""
# The ledger says who in words: a log-in name, a person's name or staff code, several of them, or a post,
# whose role the caller knows. Whoever cannot handle events of the township is nobody's supervisor.
SUPERVISORS = r"""
CREATE FUNCTION supervisors(problem bigint, roles text[]) RETURNS SETOF bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT k.id
    FROM legacy_problem p JOIN area t ON t.id = p.township_id
    CROSS JOIN LATERAL (SELECT array_agg(lower(normalize(btrim(w), NFKC))) AS words
        FROM regexp_split_to_table(p.supervisor, '[、,，;；/]') AS w) said
    JOIN area a ON a.id IN (t.id, t.parent_id) OR a.parent_id = t.id
    JOIN appointment m ON m.area_id = a.id AND m.during @> today_in(t.id)
    JOIN role_right r ON r.role = m.role AND r.right_name = 'handle_events'
    JOIN account k ON k.id = m.account_id AND k.active LEFT JOIN staff s ON s.id = k.staff_id
    WHERE p.id = problem AND (
        ARRAY(SELECT lower(normalize(x, NFKC)) FROM unnest(ARRAY[k.name, k.display_name, s.name, s.code]) AS x)
            && said.words
        OR m.role = ANY (roles) AND m.grid_code IS NULL
            AND (p.community_id IS NULL OR m.area_id IN (p.community_id, t.id, t.parent_id)))
$$;
COMMENT ON FUNCTION supervisors(bigint, text[]) IS
    'runs as the owner: whoever enters a problem learns whether its supervisor can be reached'
"""


def upgrade() -> None:
    op.add_column("notice", sa.Column("account_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_notice_account_id", "notice", "account", ["account_id"], ["id"])
    op.create_index("ix_notice_problem_id", "notice", ["problem_id", "account_id"])
    run = op.get_bind().exec_driver_sql
    run(SUPERVISORS)
    run("CREATE POLICY mine ON notice FOR SELECT TO gisgrid_web USING (account_id = my_account())")
    _notes(f"{OWN} OR account_id = my_account()")
    told = REMINDED.format(problem="legacy_problem.id")
    run(f"CREATE POLICY supervised ON legacy_problem FOR SELECT TO gisgrid_web USING ({told})")
    run(f"CREATE POLICY looked_at ON legacy_problem FOR UPDATE TO gisgrid_web USING ({told})")
    told = REMINDED.format(problem="legacy_review.problem_id")
    run(
        "CREATE POLICY looked_at ON legacy_review FOR INSERT TO gisgrid_web "
        f"WITH CHECK (by = {ME} AND {told})"
    )


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("DROP POLICY looked_at ON legacy_review")
    run("DROP POLICY looked_at ON legacy_problem")
    run("DROP POLICY supervised ON legacy_problem")
    run("DROP POLICY mine ON notice")
    _notes(OWN)
    run("DROP FUNCTION supervisors(bigint, text[])")
    run("DELETE FROM notice WHERE account_id IS NOT NULL")
    op.drop_column("notice", "account_id")


def _notes(own: str) -> None:
    op.get_bind().exec_driver_sql(
        "DROP POLICY changed ON notice; CREATE POLICY changed ON notice FOR UPDATE "
        f"USING ({own}) WITH CHECK (seen_by = {ME})"
    )
