-- What the hash of a row of the audit is made from: each part with its length, so that no two rows
-- read alike.
CREATE OR REPLACE FUNCTION audit_text(e audit_entry) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT string_agg(CASE WHEN part IS NULL THEN '-' ELSE length(part) || ':' || part END, '|'
                      ORDER BY n)
    FROM unnest(ARRAY[
        e.id::text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        e.account_id::text, e.account_name, e.action, e.subject, array_to_string(e.row_ids, ','),
        e.purpose, e.origin]) WITH ORDINALITY AS p(part, n)
$$;
