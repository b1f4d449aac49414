CREATE OR REPLACE FUNCTION masked_text(value text, kept jsonb, usual jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN length(value) <= (coalesce(kept, usual) ->> 0)::int + (coalesce(kept, usual) ->> 1)::int
            THEN repeat('*', length(value))
        ELSE left(value, (coalesce(kept, usual) ->> 0)::int)
             || repeat('*', length(value) - (coalesce(kept, usual) ->> 0)::int
                            - (coalesce(kept, usual) ->> 1)::int)
             || right(value, (coalesce(kept, usual) ->> 1)::int) END
$$;
