-- Have a backup read back into a database that is thrown away after it; the number of the drill. Null: there is no such
-- backup, or one waits or runs already.
CREATE OR REPLACE FUNCTION ask_drill(of_backup bigint, by_whom text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    number bigint;
BEGIN
    IF NOT (owns_the_store() OR my_account() IS NOT NULL AND has_right('administer')
            AND holds_everywhere('administer')) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    -- Two at once would fill the disk twice.
    LOCK TABLE backup_drill IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO backup_drill (backup_id, who)
    SELECT b.id, by_whom FROM backup b
    WHERE b.id = of_backup AND b.destroyed_at IS NULL
      AND NOT EXISTS (SELECT FROM backup_drill d WHERE d.state IN ('waiting', 'running'))
    RETURNING id INTO number;
    IF number IS NOT NULL THEN
        PERFORM audit('drill', 'backup', ARRAY[of_backup]);
    END IF;
    RETURN number;
END $$;
COMMENT ON FUNCTION ask_drill(bigint, text) IS
    'runs as the owner: who administers the whole store asks, the worker reads the file';
REVOKE EXECUTE ON FUNCTION ask_drill(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_drill(bigint, text) TO gisgrid_web;
