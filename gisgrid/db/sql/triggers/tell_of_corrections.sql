-- Who asked for a correction with an account hears that it was decided.
CREATE OR REPLACE FUNCTION tell_of_corrections() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'correction:' || c.id, 'kind', 'correction', 'urgent', false, 'town', c.township_id, 'area', NULL,
        'grid', NULL, 'subject', 'correction', 'subject_id', c.id, 'code', c.id::text, 'account', k.id)))
    FROM fresh c JOIN was USING (id) LEFT JOIN account k ON k.name = c.asked_by AND k.active
    WHERE was.state = 'open' AND c.state <> 'open';
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_corrections() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_corrections AFTER UPDATE ON correction_request
REFERENCING OLD TABLE AS was NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_corrections();
