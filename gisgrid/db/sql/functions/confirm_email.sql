-- Take an address over by its code. Empty: messages go there from now on; else why not: 'none' waits, 'late', 'wrong', or
-- 'spent' after five wrong ones. The caller has to let a wrong one stand, or it is not counted.
CREATE OR REPLACE FUNCTION confirm_email(said text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    e email_code;
BEGIN
    SELECT * INTO e FROM email_code WHERE account_id = my_account() FOR UPDATE;
    IF NOT FOUND OR e.code_hash IS NULL THEN
        RETURN 'none';
    ELSIF e.tries >= 5 THEN
        RETURN 'spent';
    ELSIF e.expires_at < now() THEN
        RETURN 'late';
    ELSIF e.code_hash <> encode(sha256(convert_to(e.account_id || ':' || said, 'UTF8')), 'hex') THEN
        UPDATE email_code SET tries = tries + 1 WHERE account_id = e.account_id;
        RETURN 'wrong';
    END IF;
    INSERT INTO outbox_person (account_id, email) VALUES (e.account_id, e.email)
    ON CONFLICT (account_id) DO UPDATE SET email = excluded.email;
    DELETE FROM email_code WHERE account_id = e.account_id;
    PERFORM audit('confirm', 'outbox_person', ARRAY[e.account_id]);
    RETURN '';
END $$;
COMMENT ON FUNCTION confirm_email(text) IS
    'runs as the owner: whoever confirms may not read the code';
REVOKE EXECUTE ON FUNCTION confirm_email(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION confirm_email(text) TO gisgrid_web;
