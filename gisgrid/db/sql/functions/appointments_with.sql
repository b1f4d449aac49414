-- Posts of whoever acts, today, that hold a right. A token may count fewer rights than its account
-- has: the transaction names them; never set, or empty: all. In plpgsql, as all that policies ask
-- at length: its plans are kept for the session, those of SQL are made anew.
CREATE OR REPLACE FUNCTION appointments_with(wanted text) RETURNS SETOF appointment
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF coalesce(current_setting('gisgrid.scopes', true), '') <> ''
       AND wanted <> ALL (string_to_array(current_setting('gisgrid.scopes', true), ',')) THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT m.* FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
    WHERE m.account_id = my_account() AND m.during @> today_in(m.area_id)
      AND EXISTS (SELECT FROM role_right r WHERE r.role = m.role AND r.right_name = wanted);
END $$;
COMMENT ON FUNCTION appointments_with(text) IS
    'runs as the owner: the policies of the tables it reads ask it';
