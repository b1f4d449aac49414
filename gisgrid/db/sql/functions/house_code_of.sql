-- The code of a house that a line of the log made: of the door's own kind, as those of its households and residents, so
-- that no later file of the office can mean another house by it. Codes of houses that are gone are given to no other.
CREATE OR REPLACE FUNCTION house_code_of(town bigint, entry bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT made FROM generate_series(0, 1000) AS n, LATERAL (
        SELECT 'D' || entry || CASE WHEN n > 0 THEN '-' || n ELSE '' END AS made) code
    WHERE NOT EXISTS (SELECT FROM house h WHERE h.township_id = town AND h.code = made)
      AND NOT EXISTS (SELECT FROM house_change c WHERE c.township_id = town AND c.code = made)
    ORDER BY n LIMIT 1
$$;
COMMENT ON FUNCTION house_code_of(bigint, bigint) IS
    'runs as the owner: only apply_house asks';
REVOKE EXECUTE ON FUNCTION house_code_of(bigint, bigint) FROM PUBLIC;
