-- The payload is the account's number, or empty: everybody's. `gisgrid.people.appointments` names
-- the channel.
CREATE OR REPLACE FUNCTION tell_rights() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'role_right' THEN
        PERFORM pg_notify('rights_changed', '');
    ELSIF TG_TABLE_NAME = 'account' THEN
        PERFORM pg_notify('rights_changed', NEW.id::text);
    ELSE
        IF TG_OP <> 'INSERT' THEN
            PERFORM pg_notify('rights_changed', OLD.account_id::text);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM pg_notify('rights_changed', NEW.account_id::text);
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_rights AFTER UPDATE OF revoked_at, scopes, expires_at ON access_token
FOR EACH ROW EXECUTE FUNCTION tell_rights();
CREATE TRIGGER tell_rights AFTER UPDATE OF active, fs_uniquifier ON account
FOR EACH ROW EXECUTE FUNCTION tell_rights();
CREATE TRIGGER tell_rights AFTER INSERT OR UPDATE OR DELETE ON appointment
FOR EACH ROW EXECUTE FUNCTION tell_rights();
CREATE TRIGGER tell_rights AFTER INSERT OR UPDATE OR DELETE ON role_right
FOR EACH STATEMENT EXECUTE FUNCTION tell_rights();
