-- End a temporary item of a township's list on its last day, in every version that holds it then or later; one that
-- begins after that day is gone. The lists it was in; none: no version has it on a later day.
CREATE OR REPLACE FUNCTION end_temporary(town bigint, item text, last date) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ended bigint[];
BEGIN
    IF NOT owns_the_store() AND NOT town = ANY (my_townships('keep_matters')) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    WITH its AS MATERIALIZED (
        SELECT m.id, m.list_id, lower(m.during) > last AS to_come FROM matter m JOIN matter_list l ON l.id = m.list_id
        WHERE l.township_id = town AND m.code = item AND m.consent IS NOT NULL AND upper(m.during) - 1 > last
          AND (l.validity IS NULL OR upper_inf(l.validity) OR upper(l.validity) > last)
    ), gone AS (
        DELETE FROM matter m USING its WHERE m.id = its.id AND its.to_come
    ), cut AS (
        UPDATE matter m SET during = daterange(lower(m.during), last + 1) FROM its WHERE m.id = its.id AND NOT its.to_come
    )
    SELECT array_agg(list_id ORDER BY list_id) INTO ended FROM its;
    RETURN coalesce(ended, '{}');
END $$;
COMMENT ON FUNCTION end_temporary(bigint, text, date) IS
    'runs as the owner: a version that was published is changed by nobody but for this';
REVOKE EXECUTE ON FUNCTION end_temporary(bigint, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_temporary(bigint, text, date) TO gisgrid_office;
