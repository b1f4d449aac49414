CREATE OR REPLACE FUNCTION mark_stale_steps() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- What was open and stays so is in no kept figure.
    PERFORM mark_days_of_cases(array_agg(s.case_id)) FROM fresh s
    JOIN event_case c ON c.id = s.case_id
    LEFT JOIN flow_state f ON f.flow_id = c.flow_id AND f.state = s.from_state
    WHERE NOT c.open OR (s.from_state <> '' AND f.open IS NOT TRUE);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_stale_steps() IS
    'runs as the owner: as mark_days does';
CREATE TRIGGER mark_stale_steps AFTER INSERT ON case_step REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_steps();
