-- Bring a line about a house as such into the register. Called by `apply_entry` alone. Which grid the house lies in is
-- attached by the caller of `enter_register` or `decide_entry`, in the same transaction.
CREATE OR REPLACE FUNCTION apply_house(e register_entry, day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    h house;
    now_in jsonb;
    target bigint := (e.said ->> 'house_id')::bigint;
    ground bigint := e.community_id;
    ground_new bigint;
    fresh bigint;
    street bigint;
    kept jsonb;
BEGIN
    IF e.kind IN ('house_new', 'house_split') THEN
        -- One at a time of a township: what came since the line was looked at is seen here, and two houses have two codes.
        PERFORM pg_advisory_xact_lock(hashtextextended('house_code', e.township_id));
        IF EXISTS (SELECT FROM house o WHERE o.township_id = e.township_id AND o.address = e.said ->> 'address') THEN
            RAISE EXCEPTION 'addressed' USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'addressed';
        END IF;
    END IF;
    -- As near as `NEAREST_M` of gisgrid.register.house_changes.
    IF e.kind = 'house_new' AND NOT e.said ? 'apart' AND EXISTS (
            SELECT FROM house o, (SELECT ST_SetSRID(ST_MakePoint((e.said ->> 'lon')::float8, (e.said ->> 'lat')::float8), 4326)
                                         AS geom) spot
            WHERE o.township_id = e.township_id
              AND o.geom && ST_Expand(spot.geom, reach_in_degrees(3, (e.said ->> 'lat')::float8))
              AND ST_DistanceSphere(o.geom, spot.geom) <= 3) THEN
        RAISE EXCEPTION 'near' USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'near';
    END IF;
    IF e.kind <> 'house_new' THEN
        SELECT * INTO h FROM house WHERE id = e.house_id FOR UPDATE;
        IF NOT FOUND OR target IS NOT NULL AND NOT EXISTS (SELECT FROM house WHERE id = target FOR UPDATE) THEN
            RAISE EXCEPTION 'gone' USING ERRCODE = 'no_data_found';
        END IF;
        -- Nobody leaves the register of whom the one who entered it, or the clerk, did not know.
        now_in := house_lived_in(h.id);
        IF NOT ((now_in -> 'household_ids') <@ (e.was -> 'household_ids')
                AND (now_in -> 'resident_ids') <@ (e.was -> 'resident_ids')) THEN
            RAISE EXCEPTION 'changed' USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'changed';
        END IF;
        ground := coalesce((SELECT g.community_id FROM plan_in_force p JOIN grid_of_house a ON a.plan_id = p.id
                            JOIN grid g ON g.id = a.grid_id
                            WHERE p.township_id = e.township_id AND a.house_id = h.id), h.community_id);
    END IF;
    IF e.kind = 'house_split' AND e.said ? 'lon' THEN
        ground_new := (SELECT u.community_id FROM ground_under(e.township_id, (e.said ->> 'lon')::float8,
                                                               (e.said ->> 'lat')::float8) u);
    END IF;
    ground_new := coalesce(ground_new, ground);
    IF e.kind IN ('house_new', 'house_split') THEN
        INSERT INTO house (township_id, code, address, community_id, geom, location_status)
        SELECT e.township_id, house_code_of(e.township_id, e.id), e.said ->> 'address', ground_new, spot.geom,
               CASE WHEN spot.geom IS NULL THEN coalesce(h.location_status, 'unlocated') ELSE 'ok' END
        FROM (SELECT CASE WHEN e.said ? 'lon'
                          THEN ST_SetSRID(ST_MakePoint((e.said ->> 'lon')::float8, (e.said ->> 'lat')::float8), 4326)
                          ELSE h.geom END AS geom) spot
        RETURNING id INTO fresh;
        -- Found by its address at once, as after a load.
        INSERT INTO address_street (township_id, name) VALUES (e.township_id, e.said ->> 'street')
        ON CONFLICT (township_id, name) DO UPDATE SET name = excluded.name RETURNING id INTO street;
        INSERT INTO address_key (house_id, street_id, number, low, high, upper, source)
        SELECT fresh, street, e.said ->> 'number', (e.said ->> 'low')::integer, (e.said ->> 'high')::integer,
               e.said ->> 'upper', hashtextextended((e.said ->> 'address')
                   || coalesce(E'\n' || (SELECT name FROM area WHERE id = ground_new), ''), (e.said ->> 'seed')::bigint);
    END IF;
    CASE e.kind
    WHEN 'house_new' THEN
        UPDATE register_entry SET house_id = fresh, community_id = NULL WHERE id = e.id;
    WHEN 'house_split' THEN
        UPDATE household SET house_id = fresh
        WHERE house_id = h.id AND id IN (SELECT value::bigint FROM jsonb_array_elements_text(e.said -> 'homes'));
    ELSE
        IF EXISTS (SELECT FROM register_entry o WHERE o.house_id = h.id AND o.state = 'waiting' AND o.id <> e.id) THEN
            RAISE EXCEPTION 'waiting' USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'others_wait';
        END IF;
        -- For `take_back_house`: what is of nobody here, who left in history.
        kept := jsonb_build_object(
            'house', to_jsonb(h) || jsonb_build_object('geom', h.geom::text),
            'key', (SELECT to_jsonb(a) || jsonb_build_object('street', s.name) FROM address_key a
                    JOIN address_street s ON s.id = a.street_id WHERE a.house_id = h.id),
            'moved_to', target,
            'moved', CASE WHEN target IS NULL THEN '[]' ELSE now_in -> 'household_ids' END,
            'out', CASE WHEN target IS NULL THEN now_in -> 'household_ids' ELSE '[]' END,
            'people', CASE WHEN target IS NULL THEN jsonb_array_length(now_in -> 'resident_ids') ELSE 0 END,
            'visits', (SELECT coalesce(jsonb_agg(id), '[]') FROM visit WHERE house_id = h.id),
            'aliases', (SELECT coalesce(jsonb_agg(id), '[]') FROM alias WHERE house_id = h.id),
            'answers', (SELECT coalesce(jsonb_agg(id), '[]') FROM collection_answer WHERE house_id = h.id),
            'current', (SELECT coalesce(jsonb_agg(id), '[]') FROM collection_answer
                        WHERE house_id = h.id AND replaced_at IS NULL),
            'tasks', (SELECT coalesce(jsonb_agg(task_id), '[]') FROM collection_house WHERE house_id = h.id));
        IF target IS NOT NULL THEN
            UPDATE household SET house_id = target WHERE house_id = h.id;
        ELSIF e.said ->> 'homes' = 'out' THEN
            DELETE FROM resident WHERE household_id IN (SELECT id FROM household WHERE house_id = h.id);
            DELETE FROM household WHERE house_id = h.id;
        END IF;
        IF EXISTS (SELECT FROM household WHERE house_id = h.id) THEN
            RAISE EXCEPTION 'lived' USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'lived_in';
        END IF;
        UPDATE visit SET house_id = CASE WHEN e.kind = 'house_joined' THEN target END WHERE house_id = h.id;
        -- People go on calling the spot so.
        UPDATE alias SET house_id = CASE WHEN e.kind = 'house_joined' THEN target END,
                         geom = CASE WHEN e.kind = 'house_gone' THEN h.geom END
        WHERE house_id = h.id AND (e.kind = 'house_joined' OR h.geom IS NOT NULL AND NOT personal);
        INSERT INTO history (table_name, row_id, action, old)
        SELECT 'alias', a.id, 'delete', to_jsonb(a) FROM alias a WHERE a.house_id = h.id AND a.personal;
        -- So do answers to collection tasks, as former ones where the house that they come to has its own.
        UPDATE collection_answer a SET house_id = CASE WHEN e.kind = 'house_joined' THEN target END,
            replaced_at = coalesce(a.replaced_at, CASE WHEN e.kind = 'house_joined' AND EXISTS (
                SELECT FROM collection_answer o WHERE o.question_id = a.question_id AND o.house_id = target
                AND o.replaced_at IS NULL) THEN now() END)
        WHERE a.house_id = h.id;
        UPDATE register_entry SET gone_house_id = h.id, community_id = ground, house_id = NULL WHERE house_id = h.id;
    END CASE;
    INSERT INTO house_change (township_id, change, house_id, successor_id, community_id, code, address, reason, on_day,
                              entry_id, kept)
    VALUES (e.township_id, substr(e.kind, 7), h.id, CASE WHEN e.kind = 'house_joined' THEN target ELSE fresh END, ground,
            h.code, h.address, e.said ->> 'gone', coalesce((e.said ->> 'on_day')::date, day), e.id, kept);
    IF e.kind IN ('house_gone', 'house_joined') THEN
        DELETE FROM house WHERE id = h.id;
    END IF;
END $$;
COMMENT ON FUNCTION apply_house(register_entry, date) IS
    'runs as the owner: the register is written by what was entered and by loads alone';
REVOKE EXECUTE ON FUNCTION apply_house(register_entry, date) FROM PUBLIC;
