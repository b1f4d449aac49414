-- Codes of the grids of a township's plan in force of which whoever acts says why they sleep: those that they lead, and
-- those into whose registers they let changes.
CREATE OR REPLACE FUNCTION grids_to_explain(town bigint) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    checked bigint[] := my_grids('check_register');
BEGIN
    RETURN ARRAY(
        SELECT g.code FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
        WHERE p.township_id = town AND (g.id = ANY (checked)
            OR EXISTS (SELECT FROM appointments_with('keep_register') m
                       WHERE m.role = 'grid_leader' AND m.area_id = town AND m.grid_code = g.code)));
END $$;
