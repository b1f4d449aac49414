-- Who has a case now, as the list of one's own cases has it: the person it is given to, the team of its grid, or
-- who answers for its level. An emergency that nobody was given to is its grid's.
CREATE OR REPLACE FUNCTION case_holders(cases bigint[])
RETURNS TABLE (case_id bigint, account_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS MATERIALIZED (
        SELECT c.id, c.township_id, c.staff_id, c.level,
               coalesce(c.grid_code, CASE WHEN c.staff_id IS NULL AND c.office IS NULL AND f.kind = 'emergency'
                        THEN g.code END) AS grid_code, coalesce(g.community_id, e.community_id) AS community_id
        FROM event_case c JOIN event e ON e.id = c.event_id JOIN flow f ON f.id = c.flow_id
        LEFT JOIN plan_in_force p ON p.township_id = c.township_id
        LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
        LEFT JOIN grid g ON g.id = a.grid_id
        WHERE c.id = ANY (cases)
    ), post AS MATERIALIZED (
        SELECT t.id AS township_id, h.account_id, h.area_id, h.grid_code, k.staff_id,
               h.role = 'grid_leader' OR k.staff_id IS NULL AS whole,
               CASE h.role WHEN 'community_clerk' THEN 'community' WHEN 'section_cadre' THEN 'section'
                           WHEN 'township_government' THEN 'township' END AS level
        FROM (SELECT DISTINCT township_id AS id FROM asked) t
        CROSS JOIN LATERAL holders(t.id, NULL) h JOIN account k ON k.id = h.account_id
    )
    SELECT c.id, p.account_id FROM asked c JOIN post p USING (township_id, staff_id)
    UNION
    SELECT c.id, p.account_id FROM asked c JOIN post p USING (township_id, grid_code)
    WHERE p.whole OR c.staff_id IS NULL
    UNION
    SELECT c.id, p.account_id FROM asked c JOIN post p USING (township_id, level)
    WHERE p.grid_code IS NULL AND p.area_id IN (c.township_id, c.community_id)
$$;
COMMENT ON FUNCTION case_holders(bigint[]) IS
    'runs as the owner: as holders does';
REVOKE EXECUTE ON FUNCTION case_holders(bigint[]) FROM PUBLIC;
