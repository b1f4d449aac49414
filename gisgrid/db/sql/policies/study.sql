ALTER TABLE study ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON study FOR SELECT USING (
    EXISTS (
        SELECT FROM plan p
        WHERE p.id = study.plan_id AND p.township_id = ANY ((SELECT my_townships('plan'))::bigint[])));
GRANT SELECT ON study TO gisgrid_web, gisgrid_views;
