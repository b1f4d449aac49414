-- The grid at report time is set once, after the insert, and then never changed by anybody.
CREATE OR REPLACE FUNCTION keep_grid_code() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the grid at report time of event % is kept for ever', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- Setting the grid at report time is the end of the insert and no change.
CREATE TRIGGER keep_grid_code BEFORE UPDATE OF grid_code ON event
FOR EACH ROW WHEN (OLD.grid_code IS NOT NULL AND NEW.grid_code IS DISTINCT FROM OLD.grid_code)
EXECUTE FUNCTION keep_grid_code();
