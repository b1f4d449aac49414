-- Another clock cuts other days, and a grid of another community moves its cases: all is counted again.
CREATE OR REPLACE FUNCTION drop_day_figures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'township' THEN
        DELETE FROM day_figure d WHERE d.township_id = NEW.area_id;
    ELSE
        PERFORM FROM township t JOIN plan p ON p.township_id = t.area_id AND p.id = NEW.plan_id
        FOR NO KEY UPDATE OF t;
        DELETE FROM day_figure d WHERE d.plan_id = NEW.plan_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION drop_day_figures() IS
    'runs as the owner: as mark_days does';
CREATE TRIGGER drop_day_figures AFTER UPDATE ON township
FOR EACH ROW WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION drop_day_figures();
CREATE TRIGGER drop_day_figures AFTER UPDATE ON grid
FOR EACH ROW WHEN (OLD.community_id <> NEW.community_id) EXECUTE FUNCTION drop_day_figures();
