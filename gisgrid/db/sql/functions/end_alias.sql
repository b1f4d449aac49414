-- Take an alias out of the book; false: there is none of that number. By whoever checks the register where it points to.
CREATE OR REPLACE FUNCTION end_alias(town bigint, number bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was record;
BEGIN
    SELECT * INTO was FROM alias WHERE id = number AND township_id = town FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF NOT alias_within('check_register', town, was.house_id, was.geom) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    DELETE FROM alias WHERE id = number;
    PERFORM audit('end', 'alias', ARRAY[number]);
    RETURN true;
END $$;
COMMENT ON FUNCTION end_alias(bigint, bigint) IS
    'runs as the owner: the clerk keeps the book of their ground, and writes into no table themselves';
REVOKE EXECUTE ON FUNCTION end_alias(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_alias(bigint, bigint) TO gisgrid_web;
