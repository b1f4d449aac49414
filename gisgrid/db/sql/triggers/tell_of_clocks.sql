-- A deadline that turned: who has the case hears that it is due soon, or late; of a late one, and of one that nobody
-- has, whoever sends it, too.
CREATE OR REPLACE FUNCTION tell_of_clocks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    turned bigint[];
    cases bigint[];
BEGIN
    SELECT array_agg(k.id), array_agg(DISTINCT k.case_id) INTO turned, cases FROM fresh k JOIN was USING (id)
    WHERE k.deadline AND k.stopped_at IS NULL AND k.colour <> was.colour
      AND (k.colour = 'yellow' AND is_news(k.yellow_at) OR k.colour = 'red' AND is_news(k.due_at));
    IF turned IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'clock:' || k.id || ':' || k.colour || ':' || extract(epoch FROM k.due_at),
        'kind', CASE k.colour WHEN 'red' THEN 'late' ELSE 'due_soon' END, 'urgent', false,
        'town', c.township_id, 'area', coalesce(g.community_id, e.community_id), 'grid', coalesce(g.code, c.grid_code),
        'subject', 'case', 'subject_id', c.id, 'code', e.code, 'account', h.account_id)))
    FROM fresh k JOIN event_case c ON c.id = k.case_id JOIN event e ON e.id = c.event_id
    LEFT JOIN plan_in_force p ON p.township_id = c.township_id
    LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
    LEFT JOIN grid g ON g.id = a.grid_id
    LEFT JOIN (
        WITH held AS MATERIALIZED (SELECT * FROM case_holders(cases))
        SELECT *, true AS always FROM held
        UNION SELECT d.*, NOT EXISTS (SELECT FROM held WHERE held.case_id = d.case_id)
        FROM case_dispatchers(cases) d
    ) h ON h.case_id = c.id AND (h.always OR k.colour = 'red')
    WHERE k.id = ANY (turned);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_clocks() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_clocks AFTER UPDATE ON case_clock REFERENCING OLD TABLE AS was NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_clocks();
