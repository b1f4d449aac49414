-- Nothing in these rows is about a person; who administers a township adds a version.
ALTER TABLE workload_weights ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON workload_weights FOR SELECT USING (true);
CREATE POLICY added ON workload_weights FOR INSERT TO gisgrid_office WITH CHECK (
    township_id = ANY ((SELECT my_townships('administer'))::bigint[]));
GRANT SELECT ON workload_weights TO gisgrid_web, gisgrid_views, gisgrid_planner, gisgrid_office;
GRANT INSERT (township_id, version, weights) ON workload_weights TO gisgrid_office;
