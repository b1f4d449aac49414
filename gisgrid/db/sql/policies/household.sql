ALTER TABLE household ENABLE ROW LEVEL SECURITY;
-- By its grid in the plan in force: two questions and not one with OR, since each has its own
-- index. Where the house lies in no grid, by its community in the register; that is a value and
-- not NOT EXISTS, since for the few rows that come so far it is looked up one by one. `(SELECT
-- ...)` around a call lets the server ask once a statement and not once a row.
CREATE POLICY seen ON household FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = household.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.grid_id = ANY ((SELECT my_grids('see_register'))::bigint[]))
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = household.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.exclusive_grid_id = ANY ((SELECT my_grids('see_register'))::bigint[]))
    OR EXISTS (
        SELECT FROM house h
        WHERE h.id = household.house_id AND h.community_id IS NOT NULL
          AND h.community_id = ANY ((SELECT my_communities('see_register'))::bigint[])
          AND (SELECT coalesce(a.exclusive_grid_id, a.grid_id) FROM house_grid a
               WHERE a.house_id = h.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
               LIMIT 1) IS NULL));
GRANT SELECT (id, township_id, house_id, verified_on) ON household TO gisgrid_web;
GRANT SELECT ON household TO gisgrid_views;
