-- A case begins with its first step and changes by its log only.
CREATE OR REPLACE FUNCTION guard_case() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq <> 0 OR NEW.state <> '' OR NOT NEW.open OR num_nonnulls(NEW.opened_at,
            NEW.closed_at, NEW.back_state, NEW.merged_into_id, NEW.rating) > 0 THEN
            RAISE 'a case begins with its first step' USING ERRCODE = 'GG007';
        END IF;
        RETURN NEW;
    END IF;
    -- Deeper than one: the update comes from take_case_step.
    IF pg_trigger_depth() = 1 OR TG_OP = 'DELETE' THEN
        RAISE 'a case changes by its log only' USING ERRCODE = 'GG007';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_case BEFORE INSERT OR UPDATE OR DELETE ON event_case
FOR EACH ROW EXECUTE FUNCTION guard_case();
