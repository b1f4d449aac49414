-- A household or resident as it was when a page was read, whose snapshot the page keeps; as it is where nothing was
-- changed since. A change is since if its transaction was not over then, whenever it began.
CREATE OR REPLACE FUNCTION row_when_seen(of_table text, of_row bigint, seen pg_snapshot, row_now jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT h.old FROM history h
                     WHERE h.table_name = of_table AND h.row_id = of_row
                       AND NOT pg_visible_in_snapshot(xact_of(h.xmin), seen)
                     ORDER BY h.id LIMIT 1), row_now)
$$;
COMMENT ON FUNCTION row_when_seen(text, bigint, pg_snapshot, jsonb) IS
    'runs as the owner: old rows may hold anything, and only the functions of the register ask';
REVOKE EXECUTE ON FUNCTION row_when_seen(text, bigint, pg_snapshot, jsonb) FROM PUBLIC;
