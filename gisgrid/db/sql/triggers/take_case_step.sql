-- The one way a case changes: a line of its log goes in, and the case follows. The conditions of
-- the classes GG001 to GG007 are told by `gisgrid.cases.refusals`.
CREATE OR REPLACE FUNCTION take_case_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c event_case;
    rule flow_step;
    target flow_state;
    here text;
    day date;
    phases CONSTANT text[] := ARRAY['report', 'file', 'assign', 'handle', 'check'];
    levels CONSTANT text[] := ARRAY['residents', 'grid', 'community', 'section', 'township'];
BEGIN
    -- Both cases of a merge, in one order, so that two that are merged into each other do not both end.
    IF NEW.into_id IS NOT NULL THEN
        PERFORM FROM event_case WHERE id IN (NEW.case_id, NEW.into_id) ORDER BY id FOR UPDATE;
    END IF;
    SELECT * INTO c FROM event_case WHERE id = NEW.case_id FOR UPDATE;
    IF NEW.seq <> c.seq + 1 OR NEW.at < c.changed_at THEN
        RAISE 'case % stands at step % of %', c.id, c.seq, c.changed_at USING ERRCODE = 'GG001';
    END IF;
    SELECT * INTO rule FROM flow_step
    WHERE flow_id = c.flow_id AND step = NEW.step AND from_state = c.state;
    IF NOT FOUND THEN
        RAISE 'no step % from %', NEW.step, c.state USING ERRCODE = 'GG002';
    END IF;
    IF NOT NEW.role = ANY(rule.who) THEN
        RAISE 'the role % may not %', NEW.role, NEW.step USING ERRCODE = 'GG003';
    END IF;
    IF session_user = 'gisgrid_web' OR coalesce(current_setting('gisgrid.account', true), '') <> '' THEN
        IF NOT may_act(c, NEW.actor, NEW.role, rule.means) THEN
            RAISE '% is not % here', NEW.actor, NEW.role USING ERRCODE = 'GG003';
        END IF;
    END IF;
    IF rule.not_handler AND EXISTS (
        SELECT FROM case_step s
        WHERE s.case_id = c.id AND s.actor = NEW.actor AND s.means IN ('begin', 'handle')
    ) THEN
        RAISE 'who handled may not %', NEW.step USING ERRCODE = 'GG004';
    END IF;

    SELECT * INTO target FROM flow_state WHERE flow_id = c.flow_id AND state = rule.to_state;
    IF rule.to_state = 'same' THEN
        SELECT * INTO target FROM flow_state WHERE flow_id = c.flow_id AND state = c.state;
    ELSIF rule.to_state = 'back' THEN
        SELECT * INTO target FROM flow_state WHERE flow_id = c.flow_id AND state = c.back_state;
    ELSIF rule.to_state = 'like' THEN
        -- The state of the same phase in the other flow, else of the next, else of the last before.
        SELECT phase INTO here FROM flow_state WHERE flow_id = c.flow_id
            AND state = CASE WHEN c.back_state IS NULL THEN c.state ELSE c.back_state END;
        SELECT f.* INTO target FROM flow_state f,
            LATERAL (SELECT array_position(phases, f.phase) - array_position(phases, here)) d(away)
        WHERE f.flow_id = NEW.flow_id AND f.phase = ANY(phases)
        ORDER BY away < 0, abs(away), f.position LIMIT 1;
    END IF;

    -- Nested, because the one condition below is dear to begin.
    IF cardinality(rule.needs) > 0 THEN IF ('reason' = ANY(rule.needs) AND coalesce(btrim(NEW.reason), '') = '')
        OR ('note' = ANY(rule.needs) AND coalesce(btrim(NEW.note), '') = '')
        OR ('owner' = ANY(rule.needs)
            AND num_nonnulls(NEW.grid_code, NEW.office, NEW.staff_id) = 0)
        OR ('level' = ANY(rule.needs) AND NOT coalesce(array_position(levels, NEW.level)
            > array_position(levels, coalesce(c.level, 'residents')), false))
        OR ('rating' = ANY(rule.needs) AND NEW.rating IS NULL)
        OR ('into' = ANY(rule.needs) AND NOT EXISTS (SELECT FROM event_case i
            WHERE i.id = NEW.into_id AND i.id <> c.id AND i.open AND i.township_id = c.township_id))
        OR ('flow' = ANY(rule.needs) AND NOT EXISTS (SELECT FROM flow f
            WHERE f.id = NEW.flow_id AND f.id <> c.flow_id AND f.township_id = c.township_id))
        OR ('matter' = ANY(rule.needs) AND NOT EXISTS (SELECT FROM matter m JOIN matter_list l ON l.id = m.list_id
            JOIN event e ON e.id = c.event_id WHERE m.id = (NEW.data ->> 'matter_id')::bigint AND m.id <> e.matter_id
            AND m.parent_id IS NOT NULL AND l.township_id = c.township_id AND l.validity IS NOT NULL
            AND NOT EXISTS (SELECT FROM matter b WHERE b.parent_id = m.id)))
        OR ('photo' = ANY(rule.needs) AND NOT EXISTS (SELECT FROM photo p
            WHERE p.event_id = c.event_id))
        OR ('photo_if_asked' = ANY(rule.needs) AND EXISTS (SELECT FROM event e
            JOIN matter m ON m.id = e.matter_id WHERE e.id = c.event_id AND m.asks_photo)
            AND NOT EXISTS (SELECT FROM photo p
                WHERE p.event_id = c.event_id AND p.shows = 'after'))
    THEN
        RAISE '% needs %', NEW.step, rule.needs USING ERRCODE = 'GG005';
    END IF;
    END IF;

    -- Only what is on the list of that day is sent to a grid.
    IF NEW.grid_code IS NOT NULL AND rule.means IN ('assign', 'transfer', 'recategorise') THEN
        SELECT (NEW.at AT TIME ZONE t.time_zone)::date INTO day
        FROM township t WHERE t.area_id = c.township_id;
        IF NOT EXISTS (
            SELECT FROM event e JOIN matter was ON was.id =
                CASE WHEN rule.means = 'recategorise' THEN (NEW.data ->> 'matter_id')::bigint ELSE e.matter_id END
            JOIN matter m ON m.code = was.code JOIN matter_list l ON l.id = m.list_id
            WHERE e.id = c.event_id AND l.township_id = c.township_id AND l.validity @> day
              AND (m.during IS NULL OR m.during @> day)
        ) THEN
            RAISE 'the matter is not on the list of %', day USING ERRCODE = 'GG006';
        END IF;
    END IF;

    IF rule.means = 'recategorise' THEN
        UPDATE event SET matter_id = (NEW.data ->> 'matter_id')::bigint WHERE id = c.event_id;
    END IF;
    -- Whoever sends it anew shall not take it for theirs who gave it back, or had it before it was merged, or before it
    -- was of a matter that nobody is found for.
    IF (rule.means IN ('return', 'separate') AND target.phase IN ('report', 'file')
        OR rule.means = 'recategorise' AND NEW.data ->> 'owner' = 'nobody')
        AND num_nonnulls(NEW.grid_code, NEW.office, NEW.staff_id) = 0 THEN
        c.grid_code := NULL;
        c.office := NULL;
        c.staff_id := NULL;
    END IF;

    NEW.means := rule.means;
    NEW.from_state := c.state;
    NEW.to_state := target.state;
    UPDATE event_case SET
        seq = NEW.seq,
        changed_at = NEW.at,
        opened_at = coalesce(c.opened_at, NEW.at),
        flow_id = target.flow_id,
        state = target.state,
        open = target.open,
        back_state = CASE WHEN target.phase <> 'hold' THEN NULL
                          WHEN c.back_state IS NULL THEN c.state ELSE c.back_state END,
        closed_at = CASE WHEN target.open THEN NULL
                         WHEN c.open THEN NEW.at ELSE c.closed_at END,
        level = coalesce(NEW.level, c.level),
        grid_code = CASE WHEN num_nonnulls(NEW.grid_code, NEW.office, NEW.staff_id) = 0
                         THEN c.grid_code ELSE NEW.grid_code END,
        office = CASE WHEN num_nonnulls(NEW.grid_code, NEW.office, NEW.staff_id) = 0
                      THEN c.office ELSE NEW.office END,
        staff_id = CASE WHEN num_nonnulls(NEW.grid_code, NEW.office, NEW.staff_id) = 0
                        THEN c.staff_id ELSE NEW.staff_id END,
        merged_into_id = CASE WHEN rule.means IN ('reopen', 'separate') THEN NULL
                              ELSE coalesce(NEW.into_id, c.merged_into_id) END,
        rating = coalesce(NEW.rating, c.rating)
    WHERE id = c.id;
    IF target.open IS DISTINCT FROM c.open THEN
        UPDATE event SET closed_at = CASE WHEN target.open THEN NULL ELSE NEW.at END
        WHERE id = c.event_id AND closed_at IS DISTINCT FROM
            CASE WHEN target.open THEN NULL ELSE NEW.at END;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION take_case_step() IS
    'runs as the owner: the one way in which a case changes, and it asks for the right itself';
CREATE TRIGGER take_case_step BEFORE INSERT ON case_step
FOR EACH ROW EXECUTE FUNCTION take_case_step();
