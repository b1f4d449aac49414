-- Plans of today. `(SELECT plans_in_force())` in a policy is asked once a statement.
CREATE OR REPLACE FUNCTION plans_in_force() RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT id FROM plan_in_force);
END $$;
