-- Accounts that whoever acts may manage: every post that they hold, or will, lies on the ground that
-- whoever acts administers. Those without a post belong to who made them, and to the township of the
-- staff that they are of.
CREATE OR REPLACE FUNCTION accounts_below() RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    everything boolean := administers(NULL);
    ground bigint[] := administered();
BEGIN
    IF everything THEN
        RETURN ARRAY(SELECT k.id FROM account k);
    END IF;
    RETURN ARRAY(
        SELECT k.id FROM account k
        WHERE (k.made_by_id = my_account() AND has_right('administer')
            OR EXISTS (SELECT FROM appointment m WHERE m.account_id = k.id AND m.area_id = ANY (ground))
            OR EXISTS (SELECT FROM staff s WHERE s.id = k.staff_id AND s.township_id = ANY (ground)))
          AND NOT EXISTS (SELECT FROM appointment m WHERE m.account_id = k.id
            AND (m.area_id = ANY (ground)) IS NOT TRUE
            AND coalesce(upper(m.during), 'infinity') > today_in(m.area_id)));
END $$;
COMMENT ON FUNCTION accounts_below() IS
    'runs as the owner: the policies of the tables it reads ask it';
