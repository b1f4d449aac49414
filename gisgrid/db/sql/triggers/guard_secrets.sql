-- A session that was left open must not be enough to take an account over: who keeps accounts gives
-- others a password, and changes their own where the old one is asked for.
CREATE OR REPLACE FUNCTION guard_secrets() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'gisgrid_office' AND NEW.id = my_account() THEN
        RAISE 'one''s own secrets' USING ERRCODE = 'GG021';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_secrets BEFORE UPDATE OF password_hash, tf_primary_method, tf_totp_secret ON account
FOR EACH ROW EXECUTE FUNCTION guard_secrets();
