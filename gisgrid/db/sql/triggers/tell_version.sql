-- Whoever has a scenario at hand reads what was changed before somebody asks for it. The payload is the plan's
-- number; `gisgrid.planning.editor.scenarios` names the channel.
CREATE OR REPLACE FUNCTION tell_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('scenario_changed', NEW.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_version AFTER UPDATE OF version ON plan
FOR EACH ROW EXECUTE FUNCTION tell_version();
