-- Every hash of the audit computed anew, for who audits a part of it and so reads no whole chain: numbers, no rows.
CREATE OR REPLACE FUNCTION check_audit(noted text)
RETURNS TABLE (entries bigint, broken bigint, last_hash text, noted_found boolean, first_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT has_right('audit') THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    RETURN QUERY
    SELECT count(*),
           min(c.id) FILTER (WHERE c.n <> c.id OR c.prev_hash <> c.before
                             OR c.hash <> sha256(c.before || convert_to(c.said, 'UTF8'))),
           coalesce((array_agg(encode(c.hash, 'hex') ORDER BY c.id DESC))[1], ''),
           CASE WHEN noted IS NOT NULL THEN coalesce(bool_or(encode(c.hash, 'hex') = noted), false) END,
           min(c.at)
    FROM (SELECT e.id, e.at, e.prev_hash, e.hash, audit_text(e) AS said, row_number() OVER (ORDER BY e.id) AS n,
                 coalesce(lag(e.hash) OVER (ORDER BY e.id), '\x'::bytea) AS before FROM audit_entry e) c;
END $$;
COMMENT ON FUNCTION check_audit(text) IS
    'runs as the owner: a chain is whole or not, and who audits a township reads only its rows';
REVOKE EXECUTE ON FUNCTION check_audit(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION check_audit(text) TO gisgrid_web;
