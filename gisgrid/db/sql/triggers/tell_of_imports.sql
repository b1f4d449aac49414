-- Who asked for a dry run, an import or its taking back hears how it ended; a look takes a moment, and is told only
-- where it failed.
CREATE OR REPLACE FUNCTION tell_of_imports() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'import:' || i.id || ':' || i.task || ':' || extract(epoch FROM i.asked_at),
        'kind', CASE i.state WHEN 'done' THEN 'import_ready' ELSE 'import_failed' END, 'urgent', false,
        'town', t.area_id, 'area', NULL, 'grid', NULL, 'subject', 'import', 'subject_id', i.id,
        'code', i.id::text, 'account', i.asked_by)))
    FROM fresh i JOIN was USING (id) LEFT JOIN area a ON a.code = i.township AND a.level = 'township'
    LEFT JOIN township t ON t.area_id = a.id
    WHERE i.state <> was.state
      AND (i.state = 'failed' OR i.state = 'done' AND i.task IN ('check', 'commit', 'undo'));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_imports() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_imports AFTER UPDATE ON file_import REFERENCING OLD TABLE AS was NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_imports();
