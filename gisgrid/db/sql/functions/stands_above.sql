-- Whether an account holds a post, or will, on more ground than a township's that whoever acts does not
-- administer: such a person's posts are not theirs to change.
CREATE OR REPLACE FUNCTION stands_above(account bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM appointment m LEFT JOIN area a ON a.id = m.area_id
        WHERE m.account_id = account AND (m.area_id IS NULL OR a.level = 'county')
          AND NOT administers(m.area_id)
          AND coalesce(upper(m.during), 'infinity') > today_in(m.area_id));
END $$;
COMMENT ON FUNCTION stands_above(bigint) IS
    'runs as the owner: the policies of the tables it reads ask it';
