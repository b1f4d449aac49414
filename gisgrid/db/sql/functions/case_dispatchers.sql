-- Who sends cases to grids where these cases lie: a post that the flow of the case gives this to, with the right.
CREATE OR REPLACE FUNCTION case_dispatchers(cases bigint[])
RETURNS TABLE (case_id bigint, account_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS MATERIALIZED (
        SELECT c.id, c.township_id, c.flow_id, coalesce(g.community_id, e.community_id) AS community_id
        FROM event_case c JOIN event e ON e.id = c.event_id
        LEFT JOIN plan_in_force p ON p.township_id = c.township_id
        LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
        LEFT JOIN grid g ON g.id = a.grid_id
        WHERE c.id = ANY (cases)
    ), post AS MATERIALIZED (
        SELECT t.id AS township_id, h.account_id, h.role, h.area_id, a.level
        FROM (SELECT DISTINCT township_id AS id FROM asked) t
        CROSS JOIN LATERAL holders(t.id, 'dispatch') h LEFT JOIN area a ON a.id = h.area_id
        WHERE h.grid_code IS NULL
    )
    SELECT DISTINCT c.id, p.account_id FROM asked c JOIN post p USING (township_id)
    WHERE (p.level IS DISTINCT FROM 'community' OR p.area_id = c.community_id)
      AND EXISTS (SELECT FROM flow_step s WHERE s.flow_id = c.flow_id AND s.means = 'assign' AND p.role = ANY (s.who))
$$;
COMMENT ON FUNCTION case_dispatchers(bigint[]) IS
    'runs as the owner: as holders does';
REVOKE EXECUTE ON FUNCTION case_dispatchers(bigint[]) FROM PUBLIC;
