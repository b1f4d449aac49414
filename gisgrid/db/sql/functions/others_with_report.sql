-- Whether other reports were merged into the case of the report which the transaction knows.
CREATE OR REPLACE FUNCTION others_with_report() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM event_case c JOIN event_case o ON o.merged_into_id = c.id WHERE c.event_id = my_report())
$$;
COMMENT ON FUNCTION others_with_report() IS
    'runs as the owner: whoever follows a report may not see who else reported the same, but whether somebody did';
