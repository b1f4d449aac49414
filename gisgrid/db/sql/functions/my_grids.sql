-- Grids of the plans in force in which a right of whoever acts holds. The ground is asked for
-- before the grids are, not once a grid.
CREATE OR REPLACE FUNCTION my_grids(wanted text) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    communities bigint[];
BEGIN
    IF my_account() IS NULL THEN
        RETURN '{}';
    END IF;
    communities := my_communities(wanted);
    RETURN ARRAY(
        SELECT g.id FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
        WHERE g.community_id = ANY (communities)
        UNION
        SELECT g.id FROM appointments_with(wanted) m
        JOIN plan_in_force p ON p.township_id = m.area_id
        JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code);
END $$;
