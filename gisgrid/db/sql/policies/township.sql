-- Nothing in these rows is about a person; who administers a township changes its settings.
ALTER TABLE township ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON township FOR SELECT USING (true);
CREATE POLICY set ON township FOR UPDATE TO gisgrid_office USING (
    area_id = ANY ((SELECT my_townships('administer'))::bigint[]));
GRANT SELECT ON township TO gisgrid_web, gisgrid_views, gisgrid_planner, gisgrid_office;
GRANT UPDATE (metric_srid, time_zone, grid_rule, code_scheme, register_rule, near_border_m, sizes, limits,
    public_minimum, masking, keeping)
ON township TO gisgrid_office;
