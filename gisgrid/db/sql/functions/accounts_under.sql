-- Accounts that hold a post where the right of whoever acts holds.
CREATE OR REPLACE FUNCTION accounts_under(wanted text) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT k.id FROM account k
        WHERE EXISTS (SELECT FROM appointments_with(wanted) m WHERE m.area_id IS NULL)
           OR EXISTS (SELECT FROM appointment held WHERE held.account_id = k.id AND held.area_id = ANY (
                my_townships(wanted) || my_communities(wanted))));
END $$;
COMMENT ON FUNCTION accounts_under(text) IS
    'runs as the owner: the policies of the tables it reads ask it';
