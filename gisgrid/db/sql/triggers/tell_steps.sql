-- Numbers only, since whoever may connect may listen: step, case, number of the step, and the
-- ground by which a stream knows whom to tell. A notification has 8,000 bytes; of very many it
-- says no more than that. Every transaction below ``xmin`` had ended before this one: it tells how
-- far back is to be looked by whoever missed something.
CREATE OR REPLACE FUNCTION tell_steps() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    told jsonb;
    newest bigint;
    many boolean;
BEGIN
    SELECT max(id), count(*) > 50 INTO newest, many FROM fresh;
    IF newest IS NULL THEN
        RETURN NULL;
    END IF;
    IF NOT many THEN
        SELECT jsonb_agg(jsonb_build_array(s.case_id, s.seq, c.township_id, e.community_id,
            a.grid_id, a.exclusive_grid_id) ORDER BY s.id) INTO told
        FROM fresh s JOIN event_case c ON c.id = s.case_id JOIN event e ON e.id = c.event_id
        LEFT JOIN plan_in_force p ON p.township_id = c.township_id
        LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id;
    END IF;
    PERFORM pg_notify('cases_changed', jsonb_build_object('step', newest,
        'xmin', pg_snapshot_xmin(pg_current_snapshot())::text, 'cases', told)::text);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_steps() IS
    'runs as the owner: reads where a case lies, of which the one who reports may see nothing';
CREATE TRIGGER tell_steps AFTER INSERT ON case_step REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_steps();
