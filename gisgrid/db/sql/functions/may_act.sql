-- Whoever reported needs no account and is only ever a resident. A report or a note may come from
-- any post in the township; all else from one whose area or grid the case lies in, or is given to.
CREATE OR REPLACE FUNCTION may_act(c event_case, actor text, wanted text, doing text)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who account;
    here text[];
    communities bigint[];
BEGIN
    IF my_account() IS NULL THEN
        RETURN wanted = 'resident';
    END IF;
    SELECT * INTO who FROM account WHERE id = my_account() AND active AND name = actor;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT array_agg(g.code), array_agg(g.community_id) INTO here, communities
    FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
    WHERE p.township_id = c.township_id
      AND (g.code = c.grid_code OR g.id = (SELECT a.grid_id FROM event_grid a
           WHERE a.plan_id = p.id AND a.event_id = c.event_id));
    communities := communities || (SELECT e.community_id FROM event e WHERE e.id = c.event_id);
    RETURN EXISTS (
        SELECT FROM appointment m LEFT JOIN area a ON a.id = m.area_id
        WHERE m.account_id = who.id AND m.role = wanted AND m.during @> today_in(m.area_id)
          AND (m.area_id IS NULL
               OR m.grid_code IS NULL AND m.area_id IN (c.township_id,
                   (SELECT parent_id FROM area WHERE id = c.township_id))
               OR m.grid_code IS NULL AND m.area_id = ANY (communities)
               OR m.grid_code IS NOT NULL AND m.area_id = c.township_id
                   AND (m.grid_code = ANY (here) OR who.staff_id = c.staff_id)
               OR doing IN ('report', 'note')
                   AND c.township_id IN (a.id, a.parent_id)));
END $$;
COMMENT ON FUNCTION may_act(event_case, text, text, text) IS
    'runs as the owner: reads appointments and the place of a case, and answers yes or no';
