-- Opening personal data takes the right and a declared purpose.
CREATE OR REPLACE FUNCTION must_say_why(wanted text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT has_right(wanted) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    IF NOT EXISTS (SELECT FROM purpose WHERE name = my_purpose()) THEN
        RAISE EXCEPTION 'no purpose' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'purpose';
    END IF;
END $$;
