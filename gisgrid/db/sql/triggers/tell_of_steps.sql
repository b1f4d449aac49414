-- Whoever has a case from now on hears of it; one that came back to be sent anew, whoever sends it. Nobody is told
-- what they did themselves.
CREATE OR REPLACE FUNCTION tell_of_steps() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    moved bigint[];
BEGIN
    SELECT array_agg(s.case_id) INTO moved FROM fresh s
    WHERE s.means IN ('assign', 'transfer', 'escalate', 'return', 'reopen') AND is_news(s.at);
    IF moved IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'step:' || s.id, 'kind', CASE s.means WHEN 'return' THEN 'returned' ELSE 'task' END, 'urgent', false,
        'town', c.township_id, 'area', coalesce(g.community_id, e.community_id), 'grid', coalesce(g.code, c.grid_code),
        'subject', 'case', 'subject_id', c.id, 'code', e.code, 'account', h.account_id)))
    FROM fresh s JOIN event_case c ON c.id = s.case_id JOIN event e ON e.id = c.event_id
    JOIN flow_state f ON f.flow_id = c.flow_id AND f.state = s.to_state
    LEFT JOIN plan_in_force p ON p.township_id = c.township_id
    LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
    LEFT JOIN grid g ON g.id = a.grid_id
    LEFT JOIN (
        SELECT *, false AS sends FROM case_holders(moved)
        UNION SELECT *, true FROM case_dispatchers(moved)
    ) h ON h.case_id = c.id AND (h.sends = (s.means IN ('return', 'reopen') AND f.phase IN ('report', 'file')))
        AND h.account_id <> ALL (ARRAY(SELECT k.id FROM account k WHERE k.name = s.actor))
    WHERE s.means IN ('assign', 'transfer', 'escalate', 'return', 'reopen') AND is_news(s.at);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_steps() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_steps AFTER INSERT ON case_step REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_steps();
