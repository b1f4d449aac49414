-- The clerk puts aside what was refused from a phone and needs no more than to be seen: it leaves the clerk's page, and its
-- own worker is told when. False: there is none that whoever acts may see, or it is their own.
CREATE OR REPLACE FUNCTION put_aside(entry bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE phone_entry p SET seen_at = now()
    WHERE p.id = entry AND p.state = 'refused' AND p.seen_at IS NULL AND p.account_id IS DISTINCT FROM my_account()
      AND (house_within('check_register', p.house_id, p.township_id)
           OR p.staff_id = ANY (my_colleagues()) AND has_right('check_register'));
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION put_aside(bigint) IS
    'runs as the owner: what a phone sent is written by its own account alone, and this marks no more than that it was seen';
REVOKE EXECUTE ON FUNCTION put_aside(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION put_aside(bigint) TO gisgrid_web;
