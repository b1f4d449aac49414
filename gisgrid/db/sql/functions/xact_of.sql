-- The whole number of the transaction that wrote a row, which keeps the lower half of it (`xmin`).
CREATE OR REPLACE FUNCTION xact_of(low xid) RETURNS xid8
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT (next - (next & 4294967295) + low::text::bigint
            - CASE WHEN low::text::bigint - (next & 4294967295) > 2147483648 THEN 4294967296 ELSE 0 END)::text::xid8
    FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) now
$$;
