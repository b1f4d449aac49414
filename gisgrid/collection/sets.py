"""Parts that several statements begin with: the asker's houses, and what is filled in each."""

from __future__ import annotations

from gisgrid.core.scope import OF_OTHERS

# The houses that the asker answers for: by their grid in the plan in force or, where they lie in none, by their community.
# Sets, each asked once a statement.
MINE = f"""
mine AS MATERIALIZED (
    SELECT h.id, h.code, h.address, a.grid_id
    FROM house h LEFT JOIN grid_of_house a ON a.house_id = h.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
    WHERE h.township_id = :t AND (
        h.township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
        OR a.grid_id = ANY ((SELECT my_grids('see_register'))::bigint[])
        OR a.basic_grid_id = ANY ((SELECT my_grids('see_register'))::bigint[])
        OR a.grid_id IS NULL AND h.community_id = ANY ((SELECT my_communities('see_register'))::bigint[]))
      AND h.id NOT IN {OF_OTHERS}
)"""  # noqa: S608 - parts that stand here
FILLED = """r.household_id, count(*)::int AS residents, (count(*) FILTER (WHERE r.name))::int AS name,
           (count(*) FILTER (WHERE r.sex))::int AS sex, (count(*) FILTER (WHERE r.birth_date))::int AS birth_date,
           (count(*) FILTER (WHERE r.citizen_id))::int AS citizen_id, (count(*) FILTER (WHERE r.phone))::int AS phone,
           (count(*) FILTER (WHERE r.verified_on))::int AS verified_on"""
"""How many of the residents ``r`` of a household have which value."""
LIVES = """f.house_id, count(*)::int AS households, count(f.verified_on)::int AS household_verified_on,
           coalesce(sum(p.residents), 0)::int AS residents, coalesce(sum(p.name), 0)::int AS name,
           coalesce(sum(p.sex), 0)::int AS sex, coalesce(sum(p.birth_date), 0)::int AS birth_date,
           coalesce(sum(p.citizen_id), 0)::int AS citizen_id, coalesce(sum(p.phone), 0)::int AS phone,
           coalesce(sum(p.verified_on), 0)::int AS verified_on"""
"""The same of a house, from its households ``f`` and their `FILLED` ``p``."""
PEOPLE = f"""
people AS MATERIALIZED (
    SELECT {FILLED} FROM resident_filled r WHERE r.township_id = :t GROUP BY r.household_id
), lives AS MATERIALIZED (
    SELECT {LIVES}
    FROM household f LEFT JOIN people p ON p.household_id = f.id WHERE f.township_id = :t GROUP BY f.house_id
)"""  # noqa: S608 - parts that stand here
