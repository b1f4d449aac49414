ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
-- By the house's grid or community: as `household`.
CREATE POLICY seen ON visit FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_visits'))::bigint[])
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = visit.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.grid_id = ANY ((SELECT my_grids('see_visits'))::bigint[]))
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = visit.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.exclusive_grid_id = ANY ((SELECT my_grids('see_visits'))::bigint[]))
    OR EXISTS (
        SELECT FROM house h
        WHERE h.id = visit.house_id AND h.community_id IS NOT NULL
          AND h.community_id = ANY ((SELECT my_communities('see_visits'))::bigint[])
          AND (SELECT coalesce(a.exclusive_grid_id, a.grid_id) FROM house_grid a
               WHERE a.house_id = h.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
               LIMIT 1) IS NULL));
-- Without what was agreed: somebody's own words about people.
GRANT SELECT (id, township_id, code, house_id, staff_id, visited_on, next_on, why, met, run_id) ON visit TO gisgrid_web;
GRANT SELECT ON visit TO gisgrid_views;
