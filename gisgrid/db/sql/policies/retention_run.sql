-- Numbers only; read by who administers the township, and who audits it. The owner's connection runs.
ALTER TABLE retention_run ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON retention_run FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('administer'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('audit'))::bigint[]));
GRANT SELECT ON retention_run TO gisgrid_web;
