-- The workbook that answers a request, for who answers people in its whole township and takes files away there; each
-- time stands on the audit. Null: there is none.
CREATE OR REPLACE FUNCTION take_answer(request bigint, town bigint) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_answer bytea;
BEGIN
    PERFORM must_say_why('answer_subjects');
    IF NOT (town = ANY (my_townships('answer_subjects')) AND town = ANY (my_townships('export'))) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    SELECT s.answer INTO found_answer FROM subject_request s
    WHERE s.id = request AND s.township_id = town AND s.state = 'ready';
    IF found_answer IS NOT NULL THEN
        PERFORM audit('take', 'subject_request', ARRAY[request]);
    END IF;
    RETURN found_answer;
END $$;
COMMENT ON FUNCTION take_answer(bigint, bigint) IS
    'runs as the owner: no page reads an answer but by this, which writes that it left';
REVOKE EXECUTE ON FUNCTION take_answer(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_answer(bigint, bigint) TO gisgrid_web;
