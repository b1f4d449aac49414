-- By code of a minor item: open cases, those of them that no grid has yet, and events of the last
-- twelve months. For who keeps the list, and at the store for the terminal.
CREATE OR REPLACE FUNCTION matter_use(town bigint)
RETURNS TABLE (code text, open bigint, unsent bigint, year bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.code, count(*) FILTER (WHERE c.open),
           count(*) FILTER (WHERE c.open AND c.grid_code IS NULL),
           count(*) FILTER (WHERE e.reported_at >= now() - interval '12 months')
    FROM event e JOIN matter m ON m.id = e.matter_id LEFT JOIN event_case c ON c.event_id = e.id
    WHERE e.township_id = town
      AND (e.reported_at >= now() - interval '12 months' OR c.open)
      AND (town = ANY (my_townships('keep_matters'))
           OR (my_account() IS NULL AND owns_the_store()))
    GROUP BY m.code
$$;
COMMENT ON FUNCTION matter_use(bigint) IS
    'runs as the owner: whoever keeps the list is told how much an item is used, and may see no event';
