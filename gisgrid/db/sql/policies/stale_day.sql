ALTER TABLE stale_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON stale_day FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_events'))::bigint[]));
GRANT SELECT ON stale_day TO gisgrid_web;
