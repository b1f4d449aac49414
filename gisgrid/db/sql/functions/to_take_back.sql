-- Lines by which houses of a township went, or one house, that count, and that whoever asks may take back: who checks the
-- register over the ground where the house stood. The newest first. Of those from before what stood there was written
-- down, none. Grounds are joined as sets, as `ground_under` has them for one spot: of a town there are thousands.
CREATE OR REPLACE FUNCTION to_take_back(town bigint, of_house bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    whole boolean := town = ANY (my_townships('check_register'));
    communities bigint[] := my_communities('check_register');
    grids bigint[] := my_grids('check_register');
BEGIN
    IF NOT whole AND communities = '{}' AND grids = '{}' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        WITH went AS MATERIALIZED (
            SELECT e.id, coalesce(e.decided_at, e.at) AS at, c.community_id, (c.kept -> 'house' ->> 'geom')::geometry AS geom
            FROM house_change c JOIN register_entry e ON e.id = c.entry_id
            WHERE c.township_id = town AND (of_house IS NULL OR c.house_id = of_house)
              AND c.kept IS NOT NULL AND e.state IN ('done', 'accepted')
        ), ground AS MATERIALIZED (
            SELECT DISTINCT ON (w.id, g.owns) w.id, g.id AS grid_id
            FROM went w JOIN (
                SELECT g.id, g.code, g.geom, g.kind = 'basic' OR t.grid_rule <> 'overlay' AS owns
                FROM plan_in_force p JOIN township t ON t.area_id = p.township_id JOIN grid g ON g.plan_id = p.id
                WHERE p.township_id = town
            ) g ON ST_Covers(g.geom, w.geom)
            WHERE NOT whole
            ORDER BY w.id, g.owns, g.code COLLATE "C"
        )
        SELECT w.id FROM went w
        WHERE whole OR w.geom IS NULL AND w.community_id = ANY (communities)
           OR w.id IN (SELECT u.id FROM ground u WHERE u.grid_id = ANY (grids))
        ORDER BY w.at DESC, w.id DESC);
END $$;
COMMENT ON FUNCTION to_take_back(bigint, bigint) IS
    'runs as the owner: where a house stood that is gone is told by its former state alone';
REVOKE EXECUTE ON FUNCTION to_take_back(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION to_take_back(bigint, bigint) TO gisgrid_web;
