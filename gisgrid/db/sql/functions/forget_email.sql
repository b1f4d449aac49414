-- Send nothing by mail to whoever acts any more: the address goes, and one that waits for its code. How
-- often one was asked for stays: letters to a stranger's address are not without end.
CREATE OR REPLACE FUNCTION forget_email() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE outbox_person SET email = NULL WHERE account_id = my_account();
    DELETE FROM outbox_message WHERE kind = 'email_code' AND subject_id = my_account();
    UPDATE email_code SET email = '', code_hash = NULL, expires_at = NULL WHERE account_id = my_account();
$$;
COMMENT ON FUNCTION forget_email() IS
    'runs as the owner: addresses are written by the owner alone';
REVOKE EXECUTE ON FUNCTION forget_email() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_email() TO gisgrid_web;
