-- An emergency case calls the levels above it, who take note each for itself; the team of its grid, that of the
-- exclusive grid in it, and who is on duty there hear of it at once, too.
CREATE OR REPLACE FUNCTION tell_of_calls() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM fresh n WHERE n.kind = 'call' AND is_news(n.at)) THEN
        RETURN NULL;
    END IF;
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'call:' || c.id, 'kind', 'emergency', 'urgent', true, 'town', c.township_id,
        'area', coalesce(g.community_id, e.community_id), 'grid', g.code, 'subject', 'case', 'subject_id', c.id,
        'code', e.code, 'account', h.account_id)))
    FROM (SELECT DISTINCT n.case_id FROM fresh n WHERE n.kind = 'call' AND is_news(n.at)) called
    JOIN event_case c ON c.id = called.case_id JOIN event e ON e.id = c.event_id
    LEFT JOIN plan_in_force p ON p.township_id = c.township_id
    LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
    LEFT JOIN grid g ON g.id = a.grid_id
    LEFT JOIN grid x ON x.id = a.exclusive_grid_id
    LEFT JOIN LATERAL (
        SELECT m.account_id FROM holders(c.township_id, 'handle_events') m LEFT JOIN area w ON w.id = m.area_id
        WHERE m.grid_code IN (g.code, x.code)
           OR m.grid_code IS NULL AND EXISTS (
                SELECT FROM fresh n WHERE n.case_id = c.id AND n.area_id = m.area_id
                  AND n.level = CASE WHEN w.level = 'township' THEN 'township'
                                     WHEN m.role = 'section_cadre' THEN 'section' ELSE 'community' END)
        UNION
        SELECT k.id FROM duty d JOIN account k ON k.staff_id = d.staff_id AND k.active
        WHERE d.township_id = c.township_id AND d.grid_code IN (g.code, x.code) AND d.during @> now()
    ) h ON true;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_calls() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_calls AFTER INSERT ON notice REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_calls();
