-- A dated plan only: of a draft nothing is kept.
CREATE OR REPLACE FUNCTION mark_stale_grids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM mark_days_of_cases(array_agg(DISTINCT c.id)) FROM fresh a
    JOIN plan p ON p.id = a.plan_id AND p.validity IS NOT NULL
    JOIN event_case c ON c.event_id = a.event_id AND NOT c.open;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_stale_grids() IS
    'runs as the owner: as mark_days does';
CREATE TRIGGER mark_stale_grids_new AFTER INSERT ON event_grid REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_grids();
CREATE TRIGGER mark_stale_grids AFTER UPDATE ON event_grid REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_grids();
CREATE TRIGGER mark_stale_grids_gone AFTER DELETE ON event_grid REFERENCING OLD TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_grids();
