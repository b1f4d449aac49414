-- What was entered or stood there before, masked as the register is: names and numbers by their masks, of a day
-- of birth the year, needs and free words not at all.
CREATE OR REPLACE FUNCTION masked_entry(told jsonb, masking jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, CASE key
        WHEN 'name' THEN masked_name(value, masking -> 'name')
        WHEN 'citizen_id' THEN masked_text(value, masking -> 'citizen_id', '[6, 4]')
        WHEN 'phone' THEN masked_text(value, masking -> 'phone', '[3, 4]')
        WHEN 'birth_date' THEN CASE WHEN masking ->> 'birth_date' = 'hidden' THEN '*' ELSE left(value, 4) END
        WHEN 'alias' THEN value WHEN 'room' THEN value WHEN 'next_on' THEN value WHEN 'out' THEN value WHEN 'why' THEN value
        WHEN 'met' THEN value WHEN 'address' THEN value WHEN 'on_day' THEN value WHEN 'gone' THEN value
        WHEN 'households' THEN value WHEN 'people' THEN value WHEN 'place' THEN value WHEN 'beside' THEN value
        WHEN 'house_id' THEN coalesce(
            (SELECT h.address FROM house h WHERE h.id = value::bigint),
            (SELECT c.address FROM house_change c WHERE c.house_id = value::bigint AND c.change IN ('gone', 'joined')
             ORDER BY c.id DESC LIMIT 1))
        ELSE '*' END), '{}')
    FROM jsonb_each_text(told)
    WHERE key IN ('name', 'citizen_id', 'phone', 'birth_date', 'sex', 'needs', 'alias', 'room', 'next_on', 'out', 'why', 'met',
                  'agreed', 'house_id', 'address', 'on_day', 'gone', 'households', 'people', 'place', 'beside')
$$;
