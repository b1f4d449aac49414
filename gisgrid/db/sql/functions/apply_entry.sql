-- Bring a line of the log into the register, as of the day it was entered. Called by `enter_register` and
-- `decide_entry` alone, which ask for the right. What was entered early and came in late puts no newer day back.
CREATE OR REPLACE FUNCTION apply_entry(entry bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    e register_entry;
    day date;
    made text := 'D' || entry;
    fresh bigint;
BEGIN
    SELECT * INTO e FROM register_entry WHERE id = entry;
    day := (coalesce(e.entered_at, e.at) AT TIME ZONE (SELECT time_zone FROM township WHERE area_id = e.township_id))::date;
    IF e.kind LIKE 'house\_%' THEN
        PERFORM apply_house(e, day);
        RETURN;
    END IF;
    IF e.kind = 'household_moved' AND NOT EXISTS (SELECT FROM house h WHERE h.id = (e.said ->> 'house_id')::bigint) THEN
        RAISE EXCEPTION 'gone' USING ERRCODE = 'no_data_found';
    END IF;
    CASE e.kind
    WHEN 'verified' THEN
        UPDATE resident r SET verified_on = greatest(r.verified_on, day) FROM household f
        WHERE f.id = r.household_id AND f.house_id = e.house_id AND f.id = coalesce(e.household_id, f.id);
        UPDATE household f SET verified_on = greatest(f.verified_on, day)
        WHERE f.house_id = e.house_id AND f.id = coalesce(e.household_id, f.id);
    WHEN 'visited' THEN
        INSERT INTO visit (township_id, code, house_id, staff_id, visited_on, next_on)
        SELECT e.township_id, made, e.house_id, a.staff_id, day, (e.said ->> 'next_on')::date
        FROM account a WHERE a.id = e.account_id;
    WHEN 'alias' THEN
        -- Without words: they spoke of somebody whose time was over.
        INSERT INTO alias (township_id, words, key, grams, house_id, added_by)
        SELECT e.township_id, e.said ->> 'alias', e.said ->> 'key', e.said ->> 'grams', e.house_id, e.who
        WHERE e.said ? 'alias'
        ON CONFLICT (township_id, key) DO UPDATE SET words = excluded.words, house_id = excluded.house_id,
            geom = NULL, added_by = excluded.added_by, added_at = now();
    WHEN 'household_in' THEN
        INSERT INTO household (township_id, code, house_id, room, verified_on)
        VALUES (e.township_id, made, e.house_id, e.said ->> 'room', day) RETURNING id INTO fresh;
        UPDATE register_entry SET household_id = fresh WHERE id = entry;
    WHEN 'household_moved' THEN
        UPDATE household SET house_id = (e.said ->> 'house_id')::bigint, room = e.said ->> 'room',
                             verified_on = greatest(verified_on, day) WHERE id = e.household_id;
    WHEN 'household_out' THEN
        DELETE FROM resident WHERE household_id = e.household_id;
        DELETE FROM household WHERE id = e.household_id;
    WHEN 'resident_in' THEN
        INSERT INTO resident (township_id, code, household_id, name, citizen_id, phone, sex, birth_date, needs,
                              verified_on)
        SELECT e.township_id, made, e.household_id, n.name, n.citizen_id, n.phone, n.sex, n.birth_date,
               coalesce(n.needs, '{}'), day
        FROM jsonb_populate_record(NULL::resident, e.said) n RETURNING id INTO fresh;
        UPDATE register_entry SET resident_id = fresh WHERE id = entry;
    WHEN 'resident_out' THEN
        DELETE FROM resident WHERE id = e.resident_id;
    WHEN 'corrected' THEN
        UPDATE resident r SET name = n.name, citizen_id = n.citizen_id, phone = n.phone, sex = n.sex,
                              birth_date = n.birth_date, needs = n.needs
        FROM (SELECT (jsonb_populate_record(o, e.said)).* FROM resident o WHERE o.id = e.resident_id) n
        WHERE r.id = e.resident_id;
    END CASE;
    IF NOT FOUND AND e.kind IN ('alias', 'household_moved', 'household_out', 'resident_out', 'corrected') THEN
        RAISE EXCEPTION 'gone' USING ERRCODE = 'no_data_found';
    END IF;
END $$;
COMMENT ON FUNCTION apply_entry(bigint) IS
    'runs as the owner: the register is written by what was entered and by loads alone';
REVOKE EXECUTE ON FUNCTION apply_entry(bigint) FROM PUBLIC;
