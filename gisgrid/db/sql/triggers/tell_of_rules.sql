-- Who wrote a community's rule hears that the township agreed to it, or refused it.
CREATE OR REPLACE FUNCTION tell_of_rules() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'rule:' || s.id, 'kind', 'rule', 'urgent', false, 'town', s.township_id, 'area', s.community_id,
        'grid', NULL, 'subject', 'rule', 'subject_id', s.id, 'code', s.code, 'account', k.id)))
    FROM fresh s JOIN was USING (id) LEFT JOIN account k ON k.name = s.written_by AND k.active
    WHERE was.state = 'waiting' AND s.state IN ('agreed', 'refused');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_rules() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_rules AFTER UPDATE ON matter_supplement
REFERENCING OLD TABLE AS was NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_rules();
