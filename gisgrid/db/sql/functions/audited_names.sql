-- What accounts are called, for who audits: an entry names who acted by the log-in name, which nobody at a desk knows.
CREATE OR REPLACE FUNCTION audited_names() RETURNS TABLE (id bigint, display_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.id, k.display_name FROM account k WHERE owns_the_store() OR has_right('audit')
$$;
COMMENT ON FUNCTION audited_names() IS
    'runs as the owner: accounts are seen by who administers them, and their entries by who audits';
REVOKE EXECUTE ON FUNCTION audited_names() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audited_names() TO gisgrid_web;
