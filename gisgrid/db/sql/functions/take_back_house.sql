-- Take back that a house is gone or part of another: it stands again as it stood, with its households, visits, names and
-- answers, as far as nothing newer stands in their place. Nobody comes back who lives in the town by now under another
-- number, and no household that this leaves empty. What became of the rest is told and stays as it is. That it went, and
-- who decided so, stays in the log. Which grid the house lies in is attached by the caller, in the same transaction.
CREATE OR REPLACE FUNCTION take_back_house(of_entry bigint, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    e register_entry;
    c house_change;
    k jsonb;
    target bigint;
    street bigint;
    homes bigint[];
    again bigint[];
    people int;
    visits int;
    words int;
    answers int;
BEGIN
    SELECT * INTO e FROM register_entry WHERE id = of_entry FOR UPDATE;
    SELECT * INTO c FROM house_change WHERE entry_id = of_entry AND change IN ('gone', 'joined');
    IF e.state = 'taken_back' AND (house_within('check_register', c.house_id, c.township_id)
            OR gone_within('check_register', c.house_id)) THEN
        RAISE EXCEPTION 'taken back' USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'taken_back';
    END IF;
    IF c.id IS NULL OR of_entry <> ALL (to_take_back(c.township_id, c.house_id)) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    k := c.kept;
    target := CASE WHEN c.change = 'joined' THEN c.successor_id END;
    PERFORM pg_advisory_xact_lock(hashtextextended('house_code', c.township_id));
    IF EXISTS (SELECT FROM house o WHERE o.township_id = c.township_id AND (o.address = c.address OR o.code = c.code)) THEN
        RAISE EXCEPTION 'addressed' USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'stands_again';
    END IF;
    -- Columns by name: one that came since has its default, and not null. A load or community that is gone is left out.
    INSERT INTO house (id, township_id, code, address, community_id, geom, location_status, source_x, source_y, run_id)
    SELECT o.id, o.township_id, o.code, o.address, (SELECT id FROM area WHERE id = o.community_id), o.geom,
           o.location_status, o.source_x, o.source_y, (SELECT id FROM import_run WHERE id = o.run_id)
    FROM jsonb_populate_record(NULL::house, k -> 'house') o;
    IF k -> 'key' <> 'null' THEN
        INSERT INTO address_street (township_id, name) VALUES (c.township_id, k -> 'key' ->> 'street')
        ON CONFLICT (township_id, name) DO UPDATE SET name = excluded.name RETURNING id INTO street;
        INSERT INTO address_key (house_id, street_id, number, low, high, upper, source)
        SELECT o.house_id, street, o.number, o.low, o.high, o.upper, o.source
        FROM jsonb_populate_record(NULL::address_key, k -> 'key') o;
    END IF;
    -- Of those who left the town: who lives in it by now was entered anew, and comes back no second time.
    again := ARRAY(
        SELECT h.id FROM history h CROSS JOIN jsonb_populate_record(NULL::resident, h.old) w
        WHERE h.table_name = 'resident' AND h.action = 'delete' AND h.changed_at = c.at
          AND k -> 'out' @> to_jsonb(w.household_id)
          AND NOT EXISTS (SELECT FROM resident o WHERE o.township_id = c.township_id AND (o.id = w.id OR o.code = w.code))
          AND NOT EXISTS (SELECT FROM resident o WHERE o.township_id = c.township_id AND o.citizen_id = w.citizen_id)
          AND NOT EXISTS (SELECT FROM resident o WHERE o.township_id = c.township_id AND o.name = w.name
                          AND o.birth_date = w.birth_date AND (o.citizen_id IS NULL OR w.citizen_id IS NULL)));
    -- Who went along and lives there still comes back; who moved on since stays where they are.
    WITH back AS (
        UPDATE household SET house_id = c.house_id
        WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'moved'))
          AND house_id = (k ->> 'moved_to')::bigint RETURNING id
    ), returned AS (
        INSERT INTO household (id, township_id, code, house_id, room, verified_on, run_id)
        SELECT w.id, w.township_id, w.code, w.house_id, w.room, w.verified_on, (SELECT id FROM import_run WHERE id = w.run_id)
        FROM history h CROSS JOIN jsonb_populate_record(NULL::household, h.old) w
        WHERE h.table_name = 'household' AND h.action = 'delete' AND h.changed_at = c.at
          AND k -> 'out' @> to_jsonb(w.id)
          AND NOT EXISTS (SELECT FROM household o WHERE o.township_id = c.township_id AND (o.id = w.id OR o.code = w.code))
          -- Left empty: all of whom it was are left out.
          AND (NOT EXISTS (SELECT FROM history r WHERE r.table_name = 'resident' AND r.action = 'delete'
                           AND r.changed_at = c.at AND (r.old ->> 'household_id')::bigint = w.id)
               OR EXISTS (SELECT FROM history r WHERE r.id = ANY (again) AND (r.old ->> 'household_id')::bigint = w.id))
        RETURNING id
    )
    SELECT array_agg(id) INTO homes FROM (SELECT id FROM back UNION ALL SELECT id FROM returned) b;
    homes := coalesce(homes, '{}');
    WITH returned AS (
        INSERT INTO resident (id, township_id, code, household_id, name, citizen_id, phone, sex, birth_date, needs, verified_on,
                              run_id)
        SELECT w.id, w.township_id, w.code, w.household_id, w.name, w.citizen_id, w.phone, w.sex, w.birth_date,
               coalesce(w.needs, '{}'), w.verified_on, (SELECT id FROM import_run WHERE id = w.run_id)
        FROM history h CROSS JOIN jsonb_populate_record(NULL::resident, h.old) w
        WHERE h.id = ANY (again) AND w.household_id = ANY (homes) RETURNING 1
    )
    SELECT count(*) INTO people FROM returned;
    -- What waits about a household goes where the household goes.
    UPDATE register_entry w SET house_id = c.house_id
    WHERE w.state = 'waiting' AND w.house_id = (k ->> 'moved_to')::bigint
      AND (w.household_id = ANY (homes)
           OR w.resident_id IN (SELECT r.id FROM resident r WHERE r.household_id = ANY (homes)));
    WITH back AS (
        UPDATE visit SET house_id = c.house_id
        WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'visits'))
          AND house_id IS NOT DISTINCT FROM target RETURNING 1
    )
    SELECT count(*) INTO visits FROM back;
    WITH back AS (
        UPDATE alias SET house_id = c.house_id, geom = NULL
        WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'aliases'))
          AND CASE WHEN target IS NULL THEN house_id IS NULL AND geom = (k -> 'house' ->> 'geom')::geometry
                   ELSE house_id = target END RETURNING 1
    ), returned AS (
        INSERT INTO alias (id, township_id, words, key, grams, house_id, geom, personal, added_by, added_at)
        SELECT w.id, w.township_id, w.words, w.key, w.grams, w.house_id, w.geom, w.personal, w.added_by, w.added_at
        FROM history h CROSS JOIN jsonb_populate_record(NULL::alias, h.old) w
        WHERE h.table_name = 'alias' AND h.action = 'delete' AND h.changed_at = c.at
          AND k -> 'aliases' @> to_jsonb(h.row_id)
          AND NOT EXISTS (SELECT FROM alias o WHERE o.township_id = c.township_id AND (o.id = w.id OR o.key = w.key))
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM back) + (SELECT count(*) FROM returned) INTO words;
    -- Those that were the present ones here are so again: what was answered since at the other house is of that house.
    WITH back AS (
        UPDATE collection_answer a SET house_id = c.house_id,
            replaced_at = CASE WHEN k -> 'current' @> to_jsonb(a.id) THEN NULL ELSE a.replaced_at END
        WHERE a.id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'answers'))
          AND a.house_id IS NOT DISTINCT FROM target RETURNING a.id
    )
    SELECT count(*) INTO answers FROM back;
    INSERT INTO collection_house (task_id, house_id)
    SELECT t.id, c.house_id FROM collection_task t
    WHERE t.id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'tasks')) ON CONFLICT DO NOTHING;
    UPDATE register_entry SET house_id = c.house_id, gone_house_id = NULL, community_id = NULL
    WHERE gone_house_id = c.house_id;
    UPDATE register_entry SET state = 'taken_back', taken_back_at = now(), taken_back_reason = why,
        taken_back_by = (SELECT display_name FROM account WHERE id = my_account()) WHERE id = of_entry;
    INSERT INTO house_change (township_id, change, house_id, successor_id, community_id, code, address, on_day, entry_id)
    SELECT c.township_id, 'back', c.house_id, c.house_id, h.community_id, c.code, c.address, today_in(c.township_id), of_entry
    FROM house h WHERE h.id = c.house_id;
    RETURN jsonb_build_object(
        'house_id', c.house_id, 'address', c.address,
        'homes', cardinality(homes),
        'homes_left', jsonb_array_length(k -> 'moved') + jsonb_array_length(k -> 'out') - cardinality(homes),
        'people', people, 'people_left', (k ->> 'people')::int - people,
        'visits_left', jsonb_array_length(k -> 'visits') - visits,
        'words_left', jsonb_array_length(k -> 'aliases') - words,
        'answers_left', jsonb_array_length(k -> 'answers') - answers);
END $$;
COMMENT ON FUNCTION take_back_house(bigint, text) IS
    'runs as the owner: the clerk puts back what may not be read without a purpose';
REVOKE EXECUTE ON FUNCTION take_back_house(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_back_house(bigint, text) TO gisgrid_web;
