-- The event of a ticket.
CREATE OR REPLACE FUNCTION event_of_ticket(known text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT event_id FROM event_case WHERE ticket = known
$$;
COMMENT ON FUNCTION event_of_ticket(text) IS
    'runs as the owner: whoever knows a ticket may follow its case without an account';
