CREATE OR REPLACE FUNCTION masked_name(value text, kept jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT left(value, coalesce((kept ->> 0)::int, 1)) || '*'
$$;
