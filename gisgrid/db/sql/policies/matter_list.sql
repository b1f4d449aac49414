-- Nothing in these rows is about a person. Who keeps the list makes drafts (without days) and gives them days.
ALTER TABLE matter_list ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON matter_list FOR SELECT USING (true);
CREATE POLICY added ON matter_list FOR INSERT TO gisgrid_office WITH CHECK (
    validity IS NULL AND township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[]));
CREATE POLICY changed ON matter_list FOR UPDATE TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[]));
CREATE POLICY dropped ON matter_list FOR DELETE TO gisgrid_office USING (
    validity IS NULL AND township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[]));
GRANT SELECT ON matter_list TO gisgrid_web, gisgrid_views, gisgrid_planner, gisgrid_office;
GRANT INSERT (township_id, version), UPDATE (validity), DELETE ON matter_list TO gisgrid_office;
