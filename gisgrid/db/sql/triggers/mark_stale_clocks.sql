CREATE OR REPLACE FUNCTION mark_stale_clocks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM mark_days_of_cases(array_agg(DISTINCT k.case_id)) FROM fresh k
    JOIN event_case c ON c.id = k.case_id AND NOT c.open WHERE k.deadline;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_stale_clocks() IS
    'runs as the owner: as mark_days does';
CREATE TRIGGER mark_stale_clocks_new AFTER INSERT ON case_clock REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_clocks();
CREATE TRIGGER mark_stale_clocks AFTER UPDATE ON case_clock REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_clocks();
CREATE TRIGGER mark_stale_clocks_gone AFTER DELETE ON case_clock REFERENCING OLD TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_clocks();
