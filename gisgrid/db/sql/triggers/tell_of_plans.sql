-- A plan that was submitted waits for who reviews it; one that came back, for who draws. It is told by its number:
-- its name was typed, and nothing typed leaves in a message.
CREATE OR REPLACE FUNCTION tell_of_plans() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'plan:' || s.id, 'kind', CASE s.to_state WHEN 'in_review' THEN 'plan_review' ELSE 'plan_returned' END,
        'urgent', false, 'town', p.township_id, 'area', NULL, 'grid', NULL, 'subject', 'plan', 'subject_id', p.id,
        'code', p.id::text, 'account', h.account_id)))
    FROM fresh s JOIN plan p ON p.id = s.plan_id
    LEFT JOIN LATERAL holders(p.township_id, CASE s.to_state WHEN 'in_review' THEN 'review' ELSE 'plan' END) h
        ON h.account_id <> ALL (ARRAY(SELECT k.id FROM account k WHERE k.name = s.who))
    WHERE s.to_state IN ('in_review', 'returned') AND is_news(s.at);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_plans() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_plans AFTER INSERT ON plan_step REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_plans();
