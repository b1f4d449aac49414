-- Those of some houses over which a right is held: in their township, over their grid in the plan in
-- force or, where they lie in no grid, over their community. Many at once, since asking for the ground
-- of whoever acts takes longer than to look through a grid's houses.
CREATE OR REPLACE FUNCTION houses_within(wanted text, houses bigint[]) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    towns bigint[] := my_townships(wanted);
    communities bigint[];
    grids bigint[];
    plans bigint[];
BEGIN
    IF NOT EXISTS (SELECT FROM house h WHERE h.id = ANY (houses) AND h.township_id <> ALL (towns)) THEN
        RETURN ARRAY(SELECT h.id FROM house h WHERE h.id = ANY (houses));
    END IF;
    communities := my_communities(wanted);
    grids := my_grids(wanted);
    plans := plans_in_force();
    RETURN ARRAY(
        SELECT h.id FROM house h
        LEFT JOIN house_grid a ON a.house_id = h.id AND a.plan_id = ANY (plans)
        WHERE h.id = ANY (houses) AND (
            h.township_id = ANY (towns)
            OR CASE WHEN coalesce(a.exclusive_grid_id, a.grid_id) IS NULL THEN h.community_id = ANY (communities)
                    ELSE a.grid_id = ANY (grids) OR a.exclusive_grid_id = ANY (grids) END));
END $$;
