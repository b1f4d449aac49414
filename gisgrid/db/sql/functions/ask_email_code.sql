-- Have a code sent to an address that whoever acts wants to be reached at; the worker makes it when it sends it, so that
-- it stands nowhere. Empty: it is on its way; 'no way' where no office of theirs has mail, 'too many' after five a day.
CREATE OR REPLACE FUNCTION ask_email_code(wanted text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me bigint := my_account();
    town bigint;
    told bigint;
BEGIN
    IF me IS NULL THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    -- A township's own channel goes before the installation's, and switches it off there, too.
    SELECT t.id INTO town FROM (
        SELECT unnest(posts) AS id FROM my_towns() UNION ALL SELECT NULL) t
    WHERE (SELECT c.active FROM outbox_channel c WHERE c.channel = 'email'
             AND (c.township_id = t.id OR c.township_id IS NULL) ORDER BY c.township_id NULLS LAST LIMIT 1)
    ORDER BY t.id NULLS LAST LIMIT 1;
    IF NOT FOUND THEN
        RETURN 'no way';
    END IF;
    -- What nobody confirmed within a day is forgotten.
    DELETE FROM email_code WHERE asked_at < now() - interval '1 day';
    INSERT INTO email_code AS e (account_id, email) VALUES (me, wanted)
    ON CONFLICT (account_id) DO UPDATE SET email = excluded.email, asked = e.asked + 1, code_hash = NULL,
        expires_at = NULL, tries = 0 WHERE e.asked < 5;
    IF NOT FOUND THEN
        RETURN 'too many';
    END IF;
    DELETE FROM outbox_message WHERE kind = 'email_code' AND subject_id = me;
    INSERT INTO outbox_message (key, kind, urgent, township_id, subject, subject_id, code)
    VALUES ('email_code:' || gen_random_uuid(), 'email_code', true, town, 'account', me, '') RETURNING id INTO told;
    INSERT INTO outbox_delivery (message_id, account_id, channel, next_at) VALUES (told, me, 'email', now());
    RETURN '';
END $$;
COMMENT ON FUNCTION ask_email_code(text) IS
    'runs as the owner: messages and codes are written by nobody else';
REVOKE EXECUTE ON FUNCTION ask_email_code(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_email_code(text) TO gisgrid_web;
