-- Whoever has a case from now on hears of it; one that came back to be sent anew, whoever sends it. Who moves many at
-- once tells of them together at the end (`tell_of_many`).
CREATE OR REPLACE FUNCTION tell_of_steps() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    steps bigint[];
BEGIN
    SELECT array_agg(s.id) INTO steps FROM fresh s
    WHERE s.means IN ('assign', 'transfer', 'escalate', 'return', 'reopen', 'separate', 'recategorise') AND is_news(s.at);
    IF steps IS NULL OR coalesce(current_setting('gisgrid.many', true), '') <> '' THEN
        RETURN NULL;
    END IF;
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'step:' || h.step_id, 'kind', h.kind, 'urgent', false, 'town', h.town, 'area', h.area, 'grid', h.grid,
        'subject', 'case', 'subject_id', h.case_id, 'code', h.code, 'account', h.account)))
    FROM heard_of_steps(steps) h;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_steps() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_steps AFTER INSERT ON case_step REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_steps();
