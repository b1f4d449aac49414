-- Posts of active accounts that hold a right in a township today, in all of it or a part; without a right, all posts.
CREATE OR REPLACE FUNCTION holders(town bigint, wanted text)
RETURNS TABLE (account_id bigint, role text, area_id bigint, grid_code text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    today CONSTANT date := today_in(town);
BEGIN
    RETURN QUERY SELECT m.account_id, m.role, m.area_id, m.grid_code
    FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
    WHERE (m.area_id IS NULL OR m.area_id IN (
            SELECT a.id FROM area a WHERE town IN (a.id, a.parent_id)
            UNION ALL SELECT t.parent_id FROM area t WHERE t.id = town))
      AND m.during @> today
      AND (wanted IS NULL OR EXISTS (
            SELECT FROM role_right r WHERE r.role = m.role AND r.right_name = wanted));
END $$;
COMMENT ON FUNCTION holders(bigint, text) IS
    'runs as the owner: who writes what others hear of may not read whose posts these are';
REVOKE EXECUTE ON FUNCTION holders(bigint, text) FROM PUBLIC;
