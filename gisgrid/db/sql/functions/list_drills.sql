-- The drills of backups, newest first, for who administers the whole store.
CREATE OR REPLACE FUNCTION list_drills()
RETURNS TABLE (id bigint, backup_id bigint, who text, asked_at timestamptz, state text, ended_at timestamptz,
               took_s double precision, done integer, total integer, doing text, rows_read bigint, differs jsonb,
               failed text, counted boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT d.id, d.backup_id, d.who, d.asked_at, d.state, d.ended_at, d.took_s, d.done, d.total, d.doing, d.rows_read,
           d.differs, d.failed, b.counts IS NOT NULL
    FROM backup_drill d JOIN backup b ON b.id = d.backup_id
    WHERE owns_the_store() OR my_account() IS NOT NULL AND holds_everywhere('administer')
    ORDER BY d.asked_at DESC, d.id DESC
$$;
COMMENT ON FUNCTION list_drills() IS
    'runs as the owner: who administers the whole store reads how its backups stood their drills';
REVOKE EXECUTE ON FUNCTION list_drills() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION list_drills() TO gisgrid_web;
