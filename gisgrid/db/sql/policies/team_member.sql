-- Nothing in these rows is about a person; who may load the staff's file may change a team by hand.
ALTER TABLE team_member ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON team_member FOR SELECT USING (true);
CREATE POLICY kept ON team_member TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]))
WITH CHECK (
    township_id = ANY ((SELECT my_townships('load'))::bigint[])
    AND township_of_staff(staff_id) = township_id);
GRANT SELECT ON team_member TO gisgrid_web, gisgrid_views, gisgrid_planner, gisgrid_office;
GRANT INSERT (township_id, staff_id, grid_code, role, during), UPDATE (during), DELETE
ON team_member TO gisgrid_office;
