-- The days on which somebody who can log in administers a ground, by a post there or above.
CREATE OR REPLACE FUNCTION administrators_on(ground bigint) RETURNS datemultirange
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(range_agg(m.during), '{}') FROM appointment m
    JOIN account k ON k.id = m.account_id AND k.active AND k.has_password
    WHERE m.grid_code IS NULL
      AND EXISTS (SELECT FROM role_right r WHERE r.role = m.role AND r.right_name = 'administer')
      AND (m.area_id IS NULL OR ground IN (
        SELECT a.id FROM area a WHERE m.area_id IN (a.id, a.parent_id)
            OR m.area_id = (SELECT p.parent_id FROM area p WHERE p.id = a.parent_id)))
$$;
COMMENT ON FUNCTION administrators_on(bigint) IS
    'runs as the owner: whether anybody else administers is asked of who may not see them';
REVOKE EXECUTE ON FUNCTION administrators_on(bigint) FROM PUBLIC;
