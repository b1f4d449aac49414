-- Say why a grid sleeps: its leader, or who lets changes into its register.
CREATE OR REPLACE FUNCTION explain_sleep(town bigint, code text, words text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF explain_sleep.code <> ALL (grids_to_explain(town)) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    INSERT INTO sleep_reason (township_id, grid_code, reason, who)
    SELECT town, explain_sleep.code, words, a.display_name FROM account a WHERE a.id = my_account();
END $$;
COMMENT ON FUNCTION explain_sleep(bigint, text, text) IS
    'runs as the owner: the line says who wrote it, whoever that says they are';
REVOKE EXECUTE ON FUNCTION explain_sleep(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION explain_sleep(bigint, text, text) TO gisgrid_web;
