-- The clerk lets a line that waits into the register, or sends it back with a reason. Nobody decides what they
-- entered themselves.
CREATE OR REPLACE FUNCTION decide_entry(entry bigint, accept boolean, why text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    e register_entry;
BEGIN
    SELECT * INTO e FROM register_entry WHERE id = entry FOR UPDATE;
    IF NOT FOUND OR (house_within('check_register', e.house_id, e.township_id)
            OR e.house_id IS NULL AND e.community_id = ANY (my_communities('check_register'))) IS NOT TRUE THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    IF e.state <> 'waiting' THEN
        RETURN e.state;
    END IF;
    IF e.account_id = my_account() THEN
        RETURN 'own';
    END IF;
    IF accept THEN
        UPDATE register_entry o SET was = h.was FROM entry_held h WHERE o.id = entry AND h.id = entry;
        PERFORM apply_entry(entry);
    END IF;
    UPDATE register_entry SET state = CASE WHEN accept THEN 'accepted' ELSE 'returned' END, decided_at = now(),
        decided_by = (SELECT display_name FROM account WHERE id = my_account()), reason = why WHERE id = entry;
    RETURN '';
END $$;
COMMENT ON FUNCTION decide_entry(bigint, boolean, text) IS
    'runs as the owner: the clerk lets into the register what may not be read without a purpose';
REVOKE EXECUTE ON FUNCTION decide_entry(bigint, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION decide_entry(bigint, boolean, text) TO gisgrid_web;
