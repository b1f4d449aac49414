-- Waits for the township's row and holds it to the end of the transaction: one publication at a
-- time.
CREATE OR REPLACE FUNCTION hold_township(asked bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM township WHERE area_id = asked FOR UPDATE;
END $$;
COMMENT ON FUNCTION hold_township(bigint) IS
    'runs as the owner: who waits for a row need not be allowed to change it';
REVOKE EXECUTE ON FUNCTION hold_township(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_township(bigint) TO gisgrid_planner;
