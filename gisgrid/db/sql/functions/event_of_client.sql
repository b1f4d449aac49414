-- The event that a phone has reported under this key of its own.
CREATE OR REPLACE FUNCTION event_of_client(township bigint, known text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM event WHERE township_id = township AND client_id = known
$$;
COMMENT ON FUNCTION event_of_client(bigint, text) IS
    'runs as the owner: a phone that sends its report again learns that it came in';
