-- A row that is changed or gone leaves its old self. As GeoJSON a geometry loses its last digit
-- now and then; as EWKB it comes back as it was.
CREATE OR REPLACE FUNCTION keep_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was jsonb;
BEGIN
    -- Which grid of a draft an event lies in follows from what is drawn, and the draft has its own log. Two
    -- conditions, since only this table has that column.
    IF TG_TABLE_NAME = 'event_grid' THEN
        IF NOT EXISTS (SELECT FROM plan p WHERE p.id = OLD.plan_id AND p.validity IS NOT NULL) THEN
            RETURN NULL;
        END IF;
    END IF;
    was := to_jsonb(OLD);
    IF was ->> 'geom' IS NOT NULL THEN
        was := was || jsonb_build_object('geom_ewkb', OLD.geom::text);
    END IF;
    INSERT INTO history (table_name, row_id, action, old, run_id)
    VALUES (TG_TABLE_NAME, (was ->> TG_ARGV[0])::bigint, lower(TG_OP), was,
            nullif(current_setting('gisgrid.run', true), '')::bigint);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_history() IS
    'runs as the owner: who changes a row adds its old self to a table they may not read';
-- Words that speak of somebody are kept nowhere once they are gone.
CREATE TRIGGER keep_history_delete AFTER DELETE ON alias
FOR EACH ROW WHEN (NOT OLD.personal) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON alias
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.* AND NOT OLD.personal) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON appointment
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON area
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON area
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON asset
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON document
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON document
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON duty
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON emergency
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON event
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON event
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*
    AND OLD.grid_code IS NOT DISTINCT FROM NEW.grid_code)
EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON event_grid
FOR EACH ROW EXECUTE FUNCTION keep_history('event_id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON event_grid
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('event_id');
-- Only in a load: what else changes these rows keeps its own log (moves of a scenario).
CREATE TRIGGER keep_history_update AFTER UPDATE ON grid
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*
    AND coalesce(current_setting('gisgrid.run', true), '') <> '')
EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON house
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON house
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON household
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON household
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON open_problem
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON matter
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
-- Only in a load, as `grid`.
CREATE TRIGGER keep_history_update AFTER UPDATE ON matter_list
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*
    AND coalesce(current_setting('gisgrid.run', true), '') <> '')
EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON means
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
-- Only in a load, as `grid`.
CREATE TRIGGER keep_history_update AFTER UPDATE ON parcel
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*
    AND coalesce(current_setting('gisgrid.run', true), '') <> '')
EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON resident
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON resident
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON staff
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON staff
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON station
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON station
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
-- Only in a load, as `grid`.
CREATE TRIGGER keep_history_update AFTER UPDATE ON street
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*
    AND coalesce(current_setting('gisgrid.run', true), '') <> '')
EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON team_member
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON team_member
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON training
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON training
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_delete AFTER DELETE ON visit
FOR EACH ROW EXECUTE FUNCTION keep_history('id');
CREATE TRIGGER keep_history_update AFTER UPDATE ON visit
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id');
