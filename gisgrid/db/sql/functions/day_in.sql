-- The one place that says what day it is in a zone. No SET: the server then puts it into the
-- statement.
CREATE OR REPLACE FUNCTION day_in(zone text) RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT (now() AT TIME ZONE zone)::date
$$;
