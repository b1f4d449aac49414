-- The event of the case that the case of the report which the transaction knows was merged into; NULL: it was not.
CREATE OR REPLACE FUNCTION next_of_report() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.event_id FROM event_case c JOIN event_case i ON i.id = c.merged_into_id WHERE c.event_id = my_report()
$$;
COMMENT ON FUNCTION next_of_report() IS
    'runs as the owner: whoever follows a report follows the case that it is handled with';
