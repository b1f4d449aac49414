CREATE OR REPLACE FUNCTION mark_stale_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM mark_days(array_agg(t.area_id), array_agg((at.moment AT TIME ZONE t.time_zone)::date))
    FROM township t JOIN (VALUES (OLD.township_id, OLD.reported_at),
        (CASE WHEN TG_OP = 'UPDATE' THEN NEW.township_id END,
         CASE WHEN TG_OP = 'UPDATE' THEN NEW.reported_at END)) AS at(township_id, moment)
        ON at.township_id = t.area_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_stale_event() IS
    'runs as the owner: as mark_days does';
CREATE TRIGGER mark_stale_event AFTER UPDATE ON event
FOR EACH ROW WHEN ((OLD.township_id, OLD.reported_at, OLD.matter_id, OLD.source, OLD.community_id)
    IS DISTINCT FROM (NEW.township_id, NEW.reported_at, NEW.matter_id, NEW.source, NEW.community_id))
EXECUTE FUNCTION mark_stale_event();
CREATE TRIGGER mark_stale_event_gone AFTER DELETE ON event
FOR EACH ROW EXECUTE FUNCTION mark_stale_event();
