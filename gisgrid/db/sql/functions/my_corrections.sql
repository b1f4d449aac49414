-- The requests for correction that the transaction's account asked, oldest first, masked as whoever sees a register
-- reads it.
CREATE OR REPLACE FUNCTION my_corrections()
RETURNS TABLE (id bigint, "table" text, code text, "column" text, current text, proposed text, asked_by text,
               asked_at timestamptz, state text, decided_by text, decided_at timestamptz, reason text, house_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM told_corrections(ARRAY(
        SELECT c.id FROM correction_request c JOIN account k ON k.name = c.asked_by WHERE k.id = my_account()), false)
$$;
COMMENT ON FUNCTION my_corrections() IS
    'runs as the owner: whoever asked hears the verdict, and reads no request of another';
REVOKE EXECUTE ON FUNCTION my_corrections() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_corrections() TO gisgrid_web;
