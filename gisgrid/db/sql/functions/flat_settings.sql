-- The settings of a township by the names that `gisgrid township --set` gives them.
CREATE OR REPLACE FUNCTION flat_settings(place township) RETURNS TABLE (name text, value text)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT c.key, c.value #>> '{}' FROM jsonb_each(to_jsonb(place)) c
    WHERE c.key <> 'area_id' AND jsonb_typeof(c.value) <> 'object'
    UNION ALL
    SELECT c.key || '.' || n.key, n.value #>> '{}'
    FROM jsonb_each(to_jsonb(place)) c, jsonb_each(c.value) n
    WHERE jsonb_typeof(c.value) = 'object' AND jsonb_typeof(n.value) <> 'object'
    UNION ALL
    SELECT c.key || '.' || n.key || '.' || m.key, m.value #>> '{}'
    FROM jsonb_each(to_jsonb(place)) c, jsonb_each(c.value) n, jsonb_each(n.value) m
    WHERE jsonb_typeof(c.value) = 'object' AND jsonb_typeof(n.value) = 'object'
$$;
