-- Owner and loads only: names of files may hold anything. A file of grids, which a planner may
-- send, leaves its run; who may load sees through a view what was loaded there.
ALTER TABLE import_run ENABLE ROW LEVEL SECURITY;
CREATE POLICY drawn ON import_run TO gisgrid_planner USING (
    kind = 'grids'
    AND township IN (
        SELECT code FROM area WHERE id = ANY ((SELECT my_townships('plan'))::bigint[])));
CREATE POLICY listed ON import_run FOR SELECT TO gisgrid_views USING (
    township = ANY ((SELECT towns_to_load())::text[])
    OR township IS NULL AND (SELECT may_load('areas', NULL)));
GRANT
    SELECT (id, kind, township),
    INSERT,
    UPDATE (counts, decided),
    DELETE
ON import_run TO gisgrid_planner;
GRANT
    SELECT (id, kind, township, file_name, sha256, who, started_at, counts, reversible, undoes_id)
ON import_run TO gisgrid_views;
