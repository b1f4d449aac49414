-- Which of some photos, by the SHA-256 of the bytes that came, the store holds now: a phone lets go of its own then.
CREATE OR REPLACE FUNCTION photos_kept(hashes text[]) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT p.sha256), '{}') FROM (
        SELECT sha256 FROM photo UNION ALL SELECT sha256 FROM entry_photo
        UNION ALL SELECT sha256 FROM collection_photo) AS p
    WHERE p.sha256 = ANY (hashes)
$$;
COMMENT ON FUNCTION photos_kept(text[]) IS
    'runs as the owner: whoever reports may not see events, and yet is told that their photo arrived';
REVOKE EXECUTE ON FUNCTION photos_kept(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION photos_kept(text[]) TO gisgrid_web;
