-- Since when a house, its households and its residents have each of their values, and from where: a load, what was
-- entered at the door, a correction. A former value is told to nobody; neither is a value that there is none of.
CREATE OR REPLACE FUNCTION lineage_of_house(wanted bigint)
RETURNS TABLE (table_name text, row_id bigint, column_name text, since timestamptz, run_id bigint, file_name text,
               source text, who text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH here AS MATERIALIZED (
        SELECT h.* FROM house h WHERE h.id = wanted AND house_within('see_register', h.id, h.township_id)
    ), held AS MATERIALIZED (
        SELECT 'house' AS of_table, h.id, to_jsonb(h) AS now FROM here h
        UNION ALL
        SELECT 'household', f.id, to_jsonb(f) FROM household f JOIN here h ON h.id = f.house_id
        UNION ALL
        SELECT 'resident', r.id, to_jsonb(r)
        FROM resident r JOIN household f ON f.id = r.household_id JOIN here h ON h.id = f.house_id
    ), told (of_table, name) AS (
        VALUES ('house', 'address'), ('house', 'geom'), ('household', 'house_id'), ('household', 'room'),
               ('household', 'verified_on'), ('resident', 'name'), ('resident', 'sex'), ('resident', 'birth_date'),
               ('resident', 'phone'), ('resident', 'citizen_id'), ('resident', 'needs'), ('resident', 'verified_on')
    ), change AS MATERIALIZED (
        SELECT r.of_table, r.id, s.id AS n, s.changed_at, s.run_id, s.old,
               lead(s.old, 1, r.now) OVER (PARTITION BY r.of_table, r.id ORDER BY s.id) AS new
        FROM held r JOIN history s ON s.table_name = r.of_table AND s.row_id = r.id AND s.action = 'update'
    ), began AS (
        SELECT r.of_table, r.id, coalesce((SELECT c.old FROM change c WHERE (c.of_table, c.id) = (r.of_table, r.id)
                                           ORDER BY c.n LIMIT 1), r.now) AS first
        FROM held r
    ), known AS (
        SELECT DISTINCT ON (r.of_table, r.id, t.name) r.of_table, r.id, t.name, c.n,
               coalesce(c.changed_at, run.started_at, e.decided_at, e.at) AS since,
               CASE WHEN c.n IS NULL THEN run.id ELSE c.run_id END AS run_id, e.id AS entry
        FROM held r JOIN told t ON t.of_table = r.of_table JOIN began b ON (b.of_table, b.id) = (r.of_table, r.id)
        LEFT JOIN change c ON (c.of_table, c.id) = (r.of_table, r.id)
            AND c.old -> t.name IS DISTINCT FROM c.new -> t.name
        LEFT JOIN import_run run ON run.id = (b.first ->> 'run_id')::bigint
        LEFT JOIN register_entry e ON b.first ->> 'run_id' IS NULL AND CASE WHEN r.of_table = 'house'
            THEN e.id = (SELECT n.entry_id FROM house_change n WHERE n.successor_id = r.id AND n.change IN ('new', 'split'))
            ELSE b.first ->> 'code' = 'D' || e.id END
        WHERE coalesce(r.now ->> t.name, '[]') <> '[]'
        ORDER BY r.of_table, r.id, t.name, c.n DESC NULLS LAST
    )
    SELECT k.of_table, k.id, k.name, k.since, k.run_id, run.file_name,
           CASE WHEN run.id IS NOT NULL THEN 'load' WHEN e.id IS NOT NULL THEN 'door'
                WHEN q.id IS NOT NULL THEN 'correction' END,
           coalesce(run.who, e.who, q.decided_by)
    FROM known k
    LEFT JOIN import_run run ON run.id = k.run_id
    LEFT JOIN LATERAL (
        -- What was entered and what it changed are of one transaction, and so of one moment.
        SELECT e.id, CASE WHEN e.taken_back_at = k.since THEN e.taken_back_by ELSE e.who END AS who FROM register_entry e
        WHERE k.run_id IS NULL AND (e.id = k.entry AND k.n IS NULL
            OR k.since IN (coalesce(e.decided_at, e.at), e.taken_back_at)
            AND (e.house_id = wanted OR e.household_id = k.id AND k.of_table = 'household'
                 OR e.resident_id = k.id AND k.of_table = 'resident'
                 OR e.id IN (SELECT n.entry_id FROM house_change n WHERE n.successor_id = wanted)))
        ORDER BY e.id LIMIT 1) e ON true
    LEFT JOIN LATERAL (
        SELECT q.id, q.decided_by FROM correction_request q
        WHERE k.run_id IS NULL AND q.table_name = k.of_table AND q.row_id = k.id AND q.decided_at = k.since
        LIMIT 1) q ON true
    ORDER BY k.of_table, k.id, k.name
$$;
COMMENT ON FUNCTION lineage_of_house(bigint) IS
    'runs as the owner: former states may hold anything, and are read by nobody';
REVOKE EXECUTE ON FUNCTION lineage_of_house(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lineage_of_house(bigint) TO gisgrid_web;
