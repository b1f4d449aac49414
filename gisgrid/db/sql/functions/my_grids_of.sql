-- As `my_grids`, in any one plan.
CREATE OR REPLACE FUNCTION my_grids_of(asked bigint, wanted text) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    communities bigint[] := my_communities(wanted);
BEGIN
    RETURN ARRAY(
        SELECT g.id FROM grid g WHERE g.plan_id = asked AND g.community_id = ANY (communities)
        UNION
        SELECT g.id FROM appointments_with(wanted) m
        JOIN plan p ON p.township_id = m.area_id AND p.id = asked
        JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code);
END $$;
