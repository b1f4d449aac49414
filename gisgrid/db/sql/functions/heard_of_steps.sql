-- Who is to hear of steps of the log: whoever has the case from then on, or, of one that came back to be sent anew,
-- whoever sends it. Nobody is told what they did themselves; a step that nobody holds the post for has no account.
CREATE OR REPLACE FUNCTION heard_of_steps(steps bigint[])
RETURNS TABLE (step_id bigint, kind text, town bigint, area bigint, grid text, case_id bigint, code text, account bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH fresh AS MATERIALIZED (
        SELECT s.id, s.case_id, s.means, s.to_state, s.actor FROM case_step s
        WHERE s.id = ANY (steps) AND s.means IN ('assign', 'transfer', 'escalate', 'return', 'reopen', 'separate', 'recategorise')
          AND is_news(s.at)
    ), moved AS (
        SELECT array_agg(fresh.case_id) AS ids FROM fresh
    )
    SELECT s.id, CASE s.means WHEN 'return' THEN 'returned' ELSE 'task' END, c.township_id,
           coalesce(g.community_id, e.community_id), coalesce(g.code, c.grid_code), c.id, e.code, h.account_id
    FROM fresh s JOIN event_case c ON c.id = s.case_id JOIN event e ON e.id = c.event_id
    JOIN flow_state f ON f.flow_id = c.flow_id AND f.state = s.to_state
    LEFT JOIN plan_in_force p ON p.township_id = c.township_id
    LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
    LEFT JOIN grid g ON g.id = a.grid_id
    LEFT JOIN (
        SELECT x.*, false AS sends FROM moved, case_holders(moved.ids) x
        UNION SELECT x.*, true FROM moved, case_dispatchers(moved.ids) x
    ) h ON h.case_id = c.id AND (h.sends = (s.means IN ('return', 'reopen', 'separate') AND f.phase IN ('report', 'file')))
        AND h.account_id <> ALL (ARRAY(SELECT k.id FROM account k WHERE k.name = s.actor))
    -- What nobody has yet is of another matter: whoever sends it sees it on the board.
    WHERE s.means <> 'recategorise' OR h.account_id IS NOT NULL
$$;
COMMENT ON FUNCTION heard_of_steps(bigint[]) IS
    'runs as the owner: as case_holders does';
REVOKE EXECUTE ON FUNCTION heard_of_steps(bigint[]) FROM PUBLIC;
