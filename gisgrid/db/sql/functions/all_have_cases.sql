-- A case has an event, and an event at most one case: equal numbers, and none lacks. Both are
-- counted by their indexes alone.
CREATE OR REPLACE FUNCTION all_have_cases() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (SELECT count(*) FROM event) = (SELECT count(*) FROM event_case)
$$;
COMMENT ON FUNCTION all_have_cases() IS
    'runs as the owner: that no event waits for its case tells nothing about one';
