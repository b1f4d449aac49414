-- The numbers of every grid, of the communities and of the township, as the asker may know them.
-- Events as of a day gone by are told to nobody who may not see exact counts: two days apart they
-- would tell what happened in one grid on one day.
CREATE OR REPLACE FUNCTION count_plan(asked bigint, until date DEFAULT NULL)
RETURNS TABLE (
    level text, community_id bigint, grid_id bigint, houses bigint, households bigint,
    residents bigint, events bigint, open_events bigint, uncovered_houses bigint,
    uncovered_residents bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    minimum int := least_shown(asked);
    past bool := until < (SELECT today_in(p.township_id) FROM plan p WHERE p.id = asked);
    of_events int := CASE WHEN past AND minimum > 0 THEN 2147483647 ELSE minimum END;
    grids bigint[] := my_grids_of(asked, 'see_counts');
    communities bigint[] := my_communities('see_counts');
BEGIN
    RETURN QUERY
    WITH cell AS MATERIALIZED (
        SELECT c.*, dense_rank() OVER (ORDER BY c.community_id)::int AS part,
               row_number() OVER (ORDER BY c.community_id, c.grid_id)::int AS n,
               coalesce(c.grid_id = ANY (grids) OR c.community_id = ANY (communities), false) AS known
        FROM count_cells(asked, CASE WHEN past THEN until END) c
    ), listed AS (
        SELECT array_agg(c.part ORDER BY c.n) AS part, array_agg(c.households ORDER BY c.n) AS households,
               array_agg(c.residents ORDER BY c.n) AS residents, array_agg(c.events ORDER BY c.n) AS events,
               array_agg(c.open_events ORDER BY c.n) AS open_events
        FROM cell c
    ), hidden AS MATERIALIZED (
        SELECT f.cells AS f_cells, f.parts AS f_parts, f.whole AS f_whole,
               r.cells AS r_cells, r.parts AS r_parts, r.whole AS r_whole,
               e.cells AS e_cells, e.parts AS e_parts, e.whole AS e_whole,
               o.cells AS o_cells, o.parts AS o_parts, o.whole AS o_whole
        FROM listed l, hidden_counts(l.households, l.part, minimum) f,
             hidden_counts(l.residents, l.part, minimum) r, hidden_counts(l.events, l.part, of_events) e,
             hidden_counts(l.open_events, l.part, of_events) o
    ), shown AS MATERIALIZED (
        SELECT c.community_id, c.grid_id, c.part, c.known, c.houses,
               CASE WHEN c.known OR NOT h.f_cells[c.n] THEN c.households END AS households,
               CASE WHEN c.known OR NOT h.r_cells[c.n] THEN c.residents END AS residents,
               CASE WHEN c.known OR NOT h.e_cells[c.n] THEN c.events END AS events,
               CASE WHEN c.known OR NOT h.o_cells[c.n] THEN c.open_events END AS open_events
        FROM cell c, hidden h
    ), outside AS (
        SELECT s.part, s.houses, s.residents FROM shown s WHERE s.grid_id IS NULL
    ), part AS (
        SELECT c.part, c.community_id, coalesce(c.community_id = ANY (communities), false) AS known,
               sum(c.houses)::bigint AS houses, sum(c.households)::bigint AS households,
               sum(c.residents)::bigint AS residents, sum(c.events)::bigint AS events,
               sum(c.open_events)::bigint AS open_events
        FROM cell c GROUP BY 1, 2
    )
    SELECT 'grid', s.community_id, s.grid_id, s.houses, s.households, s.residents, s.events,
           s.open_events, NULL::bigint, NULL::bigint
    FROM shown s WHERE s.grid_id IS NOT NULL
    UNION ALL
    SELECT 'community', p.community_id, NULL, p.houses,
           CASE WHEN p.known OR NOT h.f_parts[p.part] THEN p.households END,
           CASE WHEN p.known OR NOT h.r_parts[p.part] THEN p.residents END,
           CASE WHEN p.known OR NOT h.e_parts[p.part] THEN p.events END,
           CASE WHEN p.known OR NOT h.o_parts[p.part] THEN p.open_events END, o.houses, o.residents
    FROM part p JOIN outside o ON o.part = p.part, hidden h
    UNION ALL
    SELECT 'township', NULL, NULL, sum(p.houses)::bigint,
           CASE WHEN NOT bool_or(h.f_whole) THEN sum(p.households)::bigint END,
           CASE WHEN NOT bool_or(h.r_whole) THEN sum(p.residents)::bigint END,
           CASE WHEN NOT bool_or(h.e_whole) THEN sum(p.events)::bigint END,
           CASE WHEN NOT bool_or(h.o_whole) THEN sum(p.open_events)::bigint END,
           sum(o.houses)::bigint,
           CASE WHEN bool_and(o.residents IS NOT NULL) THEN sum(o.residents)::bigint END
    FROM part p JOIN outside o ON o.part = p.part, hidden h HAVING count(*) > 0;
END $$;
COMMENT ON FUNCTION count_plan(bigint, date) IS
    'runs as the owner: it counts rows that nobody may see, and hides what they would tell';
