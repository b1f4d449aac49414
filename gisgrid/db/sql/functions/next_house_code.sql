-- The code of a house to come: one more than the highest of its community's that are written as most there are, letters
-- before the number and the number's width alike. Codes of houses that are gone are given to no other.
CREATE OR REPLACE FUNCTION next_house_code(town bigint, community bigint, entry bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made text;
BEGIN
    -- One at a time of a township: two houses have two codes.
    PERFORM pg_advisory_xact_lock(hashtextextended('house_code', town));
    WITH part AS (
        SELECT regexp_match(code, '^(.*?)([0-9]{1,30})$') AS m FROM (
            SELECT h.code FROM house h WHERE h.township_id = town AND h.community_id IS NOT DISTINCT FROM community
            UNION ALL
            SELECT c.code FROM house_change c WHERE c.township_id = town AND c.community_id IS NOT DISTINCT FROM community
        ) known
    ), form AS (
        SELECT m[1] AS letters, length(m[2]) AS width, max(m[2]::numeric) + 1 AS next, count(*) AS n
        FROM part WHERE m IS NOT NULL GROUP BY 1, 2
    )
    SELECT letters || lpad(next::text, greatest(width, length(next::text)), '0') INTO made
    FROM form ORDER BY n DESC, letters COLLATE "C", width LIMIT 1;
    IF made IS NULL OR EXISTS (SELECT FROM house h WHERE h.township_id = town AND h.code = made)
        OR EXISTS (SELECT FROM house_change c WHERE c.township_id = town AND c.code = made) THEN
        made := 'D' || entry;
    END IF;
    RETURN made;
END $$;
COMMENT ON FUNCTION next_house_code(bigint, bigint, bigint) IS
    'runs as the owner: only apply_entry asks';
REVOKE EXECUTE ON FUNCTION next_house_code(bigint, bigint, bigint) FROM PUBLIC;
