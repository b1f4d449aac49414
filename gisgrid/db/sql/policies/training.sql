-- What is issued and taught is no secret; who read and attended is seen by who sees the staff, and
-- by the person. Who may load the files of a township plans its training.
ALTER TABLE training ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON training FOR SELECT USING (true);
CREATE POLICY kept ON training FOR INSERT TO gisgrid_office WITH CHECK (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]));
GRANT SELECT ON training TO gisgrid_web, gisgrid_views, gisgrid_planner, gisgrid_office;
GRANT INSERT (township_id, code, course, kind, held_on, hours, expires_on, place) ON training TO gisgrid_office;
