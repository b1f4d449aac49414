-- Who keeps the registers of the grids that a task asks about hears that it is open, and that its day is near.
CREATE OR REPLACE FUNCTION tell_of_collections() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'collection:' || t.id || ':' || said.kind, 'kind', said.kind, 'urgent', false, 'town', t.township_id,
        'area', NULL, 'grid', NULL, 'subject', 'collection', 'subject_id', t.id, 'code', t.id::text,
        'account', k.account_id)))
    FROM fresh t JOIN was USING (id)
    CROSS JOIN LATERAL (
        SELECT 'task' AS kind WHERE was.state = 'draft' AND t.state = 'open'
        UNION ALL SELECT 'due_soon' WHERE was.reminded_at IS NULL AND t.reminded_at IS NOT NULL AND t.state = 'open'
    ) said
    LEFT JOIN LATERAL (
        SELECT DISTINCT h.account_id FROM holders(t.township_id, 'keep_register') h
        WHERE h.grid_code IN (
            SELECT g.code FROM task_ground c
            JOIN plan_in_force p ON p.township_id = t.township_id
            JOIN grid_of_house a ON a.plan_id = p.id AND a.house_id = c.house_id
            JOIN grid g ON g.id = a.grid_id
            WHERE c.task_id = t.id)
    ) k ON true
    WHERE is_news(now());
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_collections() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_collections AFTER UPDATE ON collection_task REFERENCING OLD TABLE AS was NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_collections();
