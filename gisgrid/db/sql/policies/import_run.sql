-- Owner and loads only: names of files may hold anything. A file of grids, which a planner may
-- send, leaves its run.
ALTER TABLE import_run ENABLE ROW LEVEL SECURITY;
CREATE POLICY drawn ON import_run TO gisgrid_planner USING (
    kind = 'grids'
    AND township IN (
        SELECT code FROM area WHERE id = ANY ((SELECT my_townships('plan'))::bigint[])));
GRANT
    SELECT (id, kind, township),
    INSERT,
    UPDATE (counts, decided),
    DELETE
ON import_run TO gisgrid_planner;
