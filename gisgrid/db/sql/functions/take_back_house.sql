-- Take back that a house is gone or part of another: it stands again as it stood, with its households, visits, names and
-- answers, as far as nothing newer stands in their place. What became of the rest is told and stays as it is. Which grid
-- the house lies in is attached by the caller, in the same transaction.
CREATE OR REPLACE FUNCTION take_back_house(of_entry bigint, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    e register_entry;
    c house_change;
    k jsonb;
    target bigint;
    street bigint;
    homes int;
    people int;
    words int;
    answers int;
BEGIN
    SELECT * INTO e FROM register_entry WHERE id = of_entry FOR UPDATE;
    IF NOT FOUND OR of_entry <> ALL (to_take_back(e.township_id)) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    SELECT * INTO c FROM house_change WHERE entry_id = of_entry AND change IN ('gone', 'joined');
    k := c.kept;
    target := CASE WHEN c.change = 'joined' THEN c.successor_id END;
    PERFORM pg_advisory_xact_lock(hashtextextended('house_code', c.township_id));
    IF EXISTS (SELECT FROM house o WHERE o.township_id = c.township_id AND (o.address = c.address OR o.code = c.code)) THEN
        RAISE EXCEPTION 'addressed' USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'stands_again';
    END IF;
    INSERT INTO house SELECT (jsonb_populate_record(NULL::house, k -> 'house')).*;
    IF k -> 'key' <> 'null' THEN
        INSERT INTO address_street (township_id, name) VALUES (c.township_id, k -> 'key' ->> 'street')
        ON CONFLICT (township_id, name) DO UPDATE SET name = excluded.name RETURNING id INTO street;
        INSERT INTO address_key
        SELECT (jsonb_populate_record(NULL::address_key, (k -> 'key') || jsonb_build_object('street_id', street))).*;
    END IF;
    -- Who went along and lives there still comes back; who moved on since stays where they are.
    WITH back AS (
        UPDATE household SET house_id = c.house_id
        WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'moved'))
          AND house_id = (k ->> 'moved_to')::bigint RETURNING 1
    ), again AS (
        INSERT INTO household
        SELECT (jsonb_populate_record(NULL::household, h.old)).* FROM history h
        WHERE h.table_name = 'household' AND h.action = 'delete' AND h.changed_at = c.at
          AND h.row_id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'out'))
          AND NOT EXISTS (SELECT FROM household o WHERE o.township_id = c.township_id
                          AND (o.id = h.row_id OR o.code = h.old ->> 'code')) RETURNING 1
    )
    SELECT (SELECT count(*) FROM back) + (SELECT count(*) FROM again) INTO homes;
    WITH again AS (
        INSERT INTO resident
        SELECT (jsonb_populate_record(NULL::resident, h.old)).* FROM history h
        JOIN household f ON f.id = (h.old ->> 'household_id')::bigint AND f.house_id = c.house_id
        WHERE h.table_name = 'resident' AND h.action = 'delete' AND h.changed_at = c.at
          AND f.id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'out'))
          AND NOT EXISTS (SELECT FROM resident o WHERE o.township_id = c.township_id
                          AND (o.id = h.row_id OR o.code = h.old ->> 'code')) RETURNING 1
    )
    SELECT count(*) FROM again INTO people;
    UPDATE visit SET house_id = c.house_id
    WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'visits')) AND house_id IS NOT DISTINCT FROM target;
    WITH back AS (
        UPDATE alias SET house_id = c.house_id, geom = NULL
        WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'aliases'))
          AND CASE WHEN target IS NULL THEN house_id IS NULL AND geom = (k -> 'house' ->> 'geom')::geometry
                   ELSE house_id = target END RETURNING 1
    ), again AS (
        INSERT INTO alias
        SELECT (jsonb_populate_record(NULL::alias, h.old)).* FROM history h
        WHERE h.table_name = 'alias' AND h.action = 'delete' AND h.changed_at = c.at
          AND h.row_id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'aliases'))
          AND NOT EXISTS (SELECT FROM alias o WHERE o.township_id = c.township_id
                          AND (o.id = h.row_id OR o.key = h.old ->> 'key')) RETURNING 1
    )
    SELECT (SELECT count(*) FROM back) + (SELECT count(*) FROM again) INTO words;
    WITH back AS (
        UPDATE collection_answer a SET house_id = c.house_id,
            replaced_at = CASE WHEN k -> 'replaced' @> to_jsonb(a.id) THEN NULL ELSE a.replaced_at END
        WHERE a.id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'answers'))
          AND a.house_id IS NOT DISTINCT FROM target RETURNING a.id
    )
    SELECT count(*) FROM back INTO answers;
    INSERT INTO collection_house (task_id, house_id)
    SELECT t.id, c.house_id FROM collection_task t
    WHERE t.id IN (SELECT value::bigint FROM jsonb_array_elements_text(k -> 'tasks')) ON CONFLICT DO NOTHING;
    UPDATE register_entry SET house_id = c.house_id, gone_house_id = NULL, community_id = NULL
    WHERE gone_house_id = c.house_id;
    UPDATE register_entry SET state = 'taken_back', decided_at = now(), reason = why,
        decided_by = (SELECT display_name FROM account WHERE id = my_account()) WHERE id = of_entry;
    INSERT INTO house_change (township_id, change, house_id, successor_id, community_id, code, address, on_day, entry_id)
    VALUES (c.township_id, 'back', c.house_id, c.house_id, c.community_id, c.code, c.address, today_in(c.township_id), of_entry);
    RETURN jsonb_build_object(
        'house_id', c.house_id, 'address', c.address,
        'homes', homes, 'homes_left', jsonb_array_length(k -> 'moved') + jsonb_array_length(k -> 'out') - homes,
        'people', people, 'people_left', (k ->> 'people')::int - people,
        'words_left', jsonb_array_length(k -> 'aliases') - words,
        'answers_left', jsonb_array_length(k -> 'answers') - answers);
END $$;
COMMENT ON FUNCTION take_back_house(bigint, text) IS
    'runs as the owner: the clerk puts back what may not be read without a purpose';
REVOKE EXECUTE ON FUNCTION take_back_house(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_back_house(bigint, text) TO gisgrid_web;
