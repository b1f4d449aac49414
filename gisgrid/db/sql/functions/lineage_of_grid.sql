-- Since when a grid of a plan has each of its values, and from where: a load, what was drawn in the editor, what the
-- office said of its team. A value that a scenario took over is looked for in the plan it was branched from. For who
-- sees the register of the grid, or loads, draws or reviews in its township; a former value is told to nobody.
CREATE OR REPLACE FUNCTION lineage_of_grid(of_plan bigint, of_code text)
RETURNS TABLE (row_id bigint, column_name text, since timestamptz, run_id bigint, file_name text, source text, who text,
               plan text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    here grid;
    town bigint;
    told text;
    at_plan bigint;
    now_row grid;
    before_id bigint;
    edit record;
    load record;
BEGIN
    SELECT * INTO here FROM grid g WHERE g.plan_id = of_plan AND g.code = of_code;
    SELECT p.township_id INTO town FROM plan p WHERE p.id = of_plan;
    IF here.id IS NULL OR my_account() IS NULL OR NOT (
            here.id = ANY (my_grids('see_register')) OR town = ANY (my_townships('load'))
            OR town = ANY (my_townships('plan')) OR town = ANY (my_townships('review'))) THEN
        RETURN;
    END IF;
    FOREACH told IN ARRAY ARRAY['name', 'kind', 'host', 'geom'] LOOP
        CONTINUE WHEN to_jsonb(here) ->> told IS NULL;
        at_plan := of_plan;
        LOOP
            SELECT * INTO now_row FROM grid g WHERE g.plan_id = at_plan AND g.code = of_code;
            SELECT m.at, m.who, p.name INTO edit FROM scenario_move m JOIN plan p ON p.id = m.plan_id
            WHERE m.plan_id = at_plan AND m.standing = 'done' AND m.after ? of_code
              AND m.before -> of_code -> CASE told WHEN 'geom' THEN 'wkb' ELSE told END
                  IS DISTINCT FROM m.after -> of_code -> CASE told WHEN 'geom' THEN 'wkb' ELSE told END
            ORDER BY m.number DESC LIMIT 1;
            -- The load that brought the value: the last one that changed it, else the one that brought the grid.
            SELECT r.started_at, r.id, r.file_name, r.who INTO load
            FROM (SELECT h.run_id, h.changed_at,
                         h.old ->> told IS DISTINCT FROM lead(h.old ->> told, 1, to_jsonb(now_row) ->> told)
                             OVER (ORDER BY h.id) AS other
                  FROM history h WHERE h.table_name = 'grid' AND h.row_id = now_row.id AND h.action = 'update'
                  UNION ALL SELECT coalesce((
                      SELECT (h.old ->> 'run_id')::bigint FROM history h
                      WHERE h.table_name = 'grid' AND h.row_id = now_row.id AND h.action = 'update'
                      ORDER BY h.id LIMIT 1), now_row.run_id), '-infinity', true) c
            JOIN import_run r ON r.id = c.run_id
            WHERE c.other AND (edit.at IS NULL OR r.started_at > edit.at) ORDER BY c.changed_at DESC LIMIT 1;
            EXIT WHEN edit.at IS NOT NULL OR load.id IS NOT NULL;
            SELECT coalesce(p.branched_from_id, p.based_on_id) INTO before_id FROM plan p WHERE p.id = at_plan;
            EXIT WHEN before_id IS NULL OR NOT EXISTS (
                SELECT FROM grid g WHERE g.plan_id = before_id AND g.code = of_code
                  AND to_jsonb(g) ->> told IS NOT DISTINCT FROM to_jsonb(here) ->> told);
            at_plan := before_id;
        END LOOP;
        row_id := here.id;
        column_name := told;
        since := coalesce(load.started_at, edit.at);
        run_id := load.id;
        file_name := load.file_name;
        source := CASE WHEN load.id IS NOT NULL THEN 'load' WHEN edit.at IS NOT NULL THEN 'drawn' END;
        who := coalesce(load.who, edit.who);
        plan := CASE WHEN load.id IS NULL THEN edit.name END;
        RETURN NEXT;
    END LOOP;
    -- Who leads today; said by the office, or brought by the file of the staff.
    RETURN QUERY
    SELECT here.id, 'leader', coalesce(r.started_at, a.at), r.id, r.file_name,
           CASE WHEN r.id IS NOT NULL THEN 'load' WHEN a.at IS NOT NULL THEN 'office' END,
           coalesce(r.who, a.account_name), NULL::text
    FROM team_member m LEFT JOIN import_run r ON r.id = m.run_id
    LEFT JOIN LATERAL (
        SELECT e.at, coalesce(k.display_name, e.account_name) AS account_name
        FROM audit_entry e LEFT JOIN account k ON k.id = e.account_id
        WHERE e.subject = 'team_member' AND e.action = 'lead' AND e.row_ids @> ARRAY[m.id] ORDER BY e.id LIMIT 1) a ON true
    WHERE m.township_id = town AND m.grid_code = of_code AND m.role = 'leader' AND m.during @> today_in(town)
    LIMIT 1;
END $$;
COMMENT ON FUNCTION lineage_of_grid(bigint, text) IS
    'runs as the owner: former states, edits of plans and the audit are read by few';
REVOKE EXECUTE ON FUNCTION lineage_of_grid(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lineage_of_grid(bigint, text) TO gisgrid_web, gisgrid_office;
