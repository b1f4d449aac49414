-- Once a statement, not a row: a load of a million houses is told once. Equal messages of one
-- transaction are sent once, when it commits.
CREATE OR REPLACE FUNCTION tell_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_ARGV[0], '');
    RETURN NULL;
END $$;
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON area
FOR EACH STATEMENT EXECUTE FUNCTION tell_change('cards_changed');
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON grid
FOR EACH STATEMENT EXECUTE FUNCTION tell_change('cards_changed');
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON house
FOR EACH STATEMENT EXECUTE FUNCTION tell_change('houses_changed');
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON plan
FOR EACH STATEMENT EXECUTE FUNCTION tell_change('cards_changed');
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON staff
FOR EACH STATEMENT EXECUTE FUNCTION tell_change('cards_changed');
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON team_member
FOR EACH STATEMENT EXECUTE FUNCTION tell_change('cards_changed');
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON township
FOR EACH STATEMENT EXECUTE FUNCTION tell_change('cards_changed');
