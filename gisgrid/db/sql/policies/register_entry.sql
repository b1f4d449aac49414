ALTER TABLE register_entry ENABLE ROW LEVEL SECURITY;
-- As `household`: by its grid in the plan in force, else by its community; one's own always.
CREATE POLICY seen ON register_entry FOR SELECT USING (
    account_id = (SELECT my_account())
    OR township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = register_entry.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.grid_id = ANY ((SELECT my_grids('see_register'))::bigint[]))
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = register_entry.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.exclusive_grid_id = ANY ((SELECT my_grids('see_register'))::bigint[]))
    OR EXISTS (
        SELECT FROM house h
        WHERE h.id = register_entry.house_id AND h.community_id = ANY ((SELECT my_communities('see_register'))::bigint[])
          AND (SELECT coalesce(a.exclusive_grid_id, a.grid_id) FROM house_grid a
               WHERE a.house_id = h.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
               LIMIT 1) IS NULL)
    OR community_id IS NOT NULL AND community_id = ANY ((SELECT my_communities('see_register'))::bigint[]));
GRANT SELECT (id, township_id, house_id, gone_house_id, community_id, kind, household_id, resident_id, account_id, who, at, state, conflict,
    decided_by, decided_at, reason, taken_back_by, taken_back_at, taken_back_reason)
ON register_entry TO gisgrid_web;
GRANT SELECT ON register_entry TO gisgrid_views;
