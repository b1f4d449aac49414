-- A case lies in a township. IS NOT TRUE: a right that is not known to hold does not hold.
CREATE OR REPLACE FUNCTION holds_everywhere(wanted text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM township t, (SELECT my_townships(wanted) AS ids) AS mine
                       WHERE (t.area_id = ANY (mine.ids)) IS NOT TRUE)
$$;
COMMENT ON FUNCTION holds_everywhere(text) IS
    'Whether the asker holds a right in every township of the store as a whole';
