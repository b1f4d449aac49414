-- The backups that are not known to be destroyed, oldest first, for who administers the whole store: a backup holds
-- all of it. Where on the server a file lies is told to the owner's connection alone.
CREATE OR REPLACE FUNCTION list_backups()
RETURNS TABLE (id bigint, path text, made_at timestamptz, size bigint, sha256 text, keep_until date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT b.id, CASE WHEN owns_the_store() THEN b.path ELSE regexp_replace(b.path, '^.*/', '') END, b.made_at,
           b.size, b.sha256, b.keep_until
    FROM backup b
    WHERE b.destroyed_at IS NULL AND (owns_the_store() OR my_account() IS NOT NULL AND holds_everywhere('administer'))
    ORDER BY b.made_at, b.id
$$;
COMMENT ON FUNCTION list_backups() IS
    'runs as the owner: who administers the whole store reads which backups of it there are, and no path';
REVOKE EXECUTE ON FUNCTION list_backups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION list_backups() TO gisgrid_web;
