-- What became of a line that whoever asks sent before under a key, and whether it is the same that they send now: a line
-- of which nothing is kept to tell by is. Asked before anything is looked at, since what was written down then may be
-- what would be found wrong now; one at a time of an account, so that the second tap waits for the first, and finds it.
CREATE OR REPLACE FUNCTION entry_sent(key text, now_sent text)
RETURNS TABLE (entry_id bigint, entry_state text, in_conflict boolean, same boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('register_entry', my_account()));
    RETURN QUERY SELECT e.id, e.state, e.conflict, coalesce(e.digest = now_sent, true) FROM register_entry e
        WHERE e.account_id = my_account() AND e.client_id = key;
END $$;
COMMENT ON FUNCTION entry_sent(text, text) IS
    'runs as the owner: what is kept of a sending is read by nobody';
REVOKE EXECUTE ON FUNCTION entry_sent(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION entry_sent(text, text) TO gisgrid_web;
