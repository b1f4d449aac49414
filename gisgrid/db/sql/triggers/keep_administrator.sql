-- Of a ground that somebody administers, no coming day may lose its last administrator, whatever road it
-- goes: a post ended, its days or its role changed, taken back with a load, an account switched off. Who
-- comes second waits for the first, and then sees what is left.
CREATE OR REPLACE FUNCTION keep_administrator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    lost appointment;
BEGIN
    IF TG_TABLE_NAME = 'account' THEN
        IF OLD.active AND OLD.has_password THEN
            FOR lost IN SELECT * FROM appointment m WHERE m.account_id = OLD.id LOOP
                PERFORM refuse_no_administrator(lost);
            END LOOP;
        END IF;
    ELSIF EXISTS (SELECT FROM account k WHERE k.id = OLD.account_id AND k.active AND k.has_password) THEN
        PERFORM refuse_no_administrator(OLD);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_administrator() IS
    'runs as the owner: whether anybody else administers is asked of who may not see them';
CREATE TRIGGER keep_administrator AFTER UPDATE OF active, password_hash ON account
FOR EACH ROW WHEN (OLD.active AND OLD.password_hash IS NOT NULL
    AND NOT (NEW.active AND NEW.password_hash IS NOT NULL))
EXECUTE FUNCTION keep_administrator();
CREATE TRIGGER keep_administrator AFTER UPDATE OR DELETE ON appointment
FOR EACH ROW EXECUTE FUNCTION keep_administrator();
