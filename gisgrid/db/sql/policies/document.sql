-- What is issued and taught is no secret; who read and attended is seen by who sees the staff, and
-- by the person. Who may load the files of a township issues in it.
ALTER TABLE document ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON document FOR SELECT USING (true);
CREATE POLICY kept ON document TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]));
GRANT SELECT ON document TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT INSERT (township_id, code, title, roles, communities), UPDATE (title, roles, communities)
ON document TO gisgrid_office;
