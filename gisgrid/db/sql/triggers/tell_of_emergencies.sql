-- An area in emergency: everybody who handles events there hears of it.
CREATE OR REPLACE FUNCTION tell_of_emergencies() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'emergency:' || m.id, 'kind', 'emergency', 'urgent', true, 'town', m.township_id, 'area', m.area_id,
        'grid', NULL, 'subject', 'emergency', 'subject_id', m.id, 'code', a.name, 'account', h.account_id)))
    FROM fresh m JOIN area a ON a.id = m.area_id
    LEFT JOIN LATERAL (
        SELECT DISTINCT o.account_id FROM holders(m.township_id, 'handle_events') o
        LEFT JOIN area w ON w.id = o.area_id
        WHERE m.area_id = m.township_id
           OR o.grid_code IS NULL AND (w.level IS DISTINCT FROM 'community' OR o.area_id = m.area_id)
           OR o.grid_code IN (SELECT g.code FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
                              WHERE p.township_id = m.township_id AND g.community_id = m.area_id)
    ) h ON h.account_id <> ALL (ARRAY(SELECT k.id FROM account k WHERE k.name = m.started_by))
    WHERE is_news(m.started_at);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_emergencies() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_emergencies AFTER INSERT ON emergency REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_emergencies();
