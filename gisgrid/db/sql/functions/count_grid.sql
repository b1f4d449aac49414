-- The numbers of one grid, as the asker may know them; of a day gone by as `count_plan` has them.
CREATE OR REPLACE FUNCTION count_grid(asked bigint, wanted bigint, until date DEFAULT NULL)
RETURNS TABLE (
    houses bigint, households bigint, residents bigint, events bigint, open_events bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- From today on it counts what is there now.
    before timestamptz := (
        SELECT coalesce((until + 1)::timestamp AT TIME ZONE t.time_zone, 'infinity')
        FROM plan p JOIN township t ON t.area_id = p.township_id
        WHERE p.id = asked AND until < today_in(p.township_id));
BEGIN
    before := coalesce(before, 'infinity');
    IF least_shown(asked) > 0 AND wanted <> ALL (my_grids_of(asked, 'see_counts')) THEN
        -- What lies under an exclusive grid is counted in the basic one below, and not told apart.
        RETURN QUERY SELECT c.houses,
                            CASE WHEN NOT under.houses THEN c.households END,
                            CASE WHEN NOT under.houses THEN c.residents END, c.events, c.open_events
            FROM count_plan(asked, until) c, (SELECT EXISTS (
                SELECT FROM house_grid a WHERE a.exclusive_grid_id = wanted) AS houses) under
            WHERE c.grid_id = wanted;
        RETURN;
    END IF;
    RETURN QUERY
    WITH house_of AS (
        SELECT a.house_id FROM house_grid a WHERE a.plan_id = asked AND a.grid_id = wanted
        UNION SELECT a.house_id FROM house_grid a
        WHERE a.plan_id = asked AND a.exclusive_grid_id = wanted
    )
    SELECT (SELECT count(*) FROM house_of),
           (SELECT count(*) FROM house_of o JOIN household f ON f.house_id = o.house_id),
           (SELECT count(*) FROM house_of o JOIN household f ON f.house_id = o.house_id
            JOIN resident r ON r.household_id = f.id),
           count(*), count(*) FILTER (WHERE e.closed_at IS NULL OR e.closed_at >= before)
    FROM event_grid a JOIN event e ON e.id = a.event_id AND e.reported_at < before
    WHERE a.plan_id = asked AND coalesce(a.exclusive_grid_id, a.grid_id) = wanted;
END $$;
COMMENT ON FUNCTION count_grid(bigint, bigint, date) IS
    'runs as the owner: as count_plan does';
