-- The rules of the game are no secret; who administers a township keeps its calendar.
ALTER TABLE calendar_year ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON calendar_year FOR SELECT USING (true);
CREATE POLICY kept ON calendar_year FOR INSERT TO gisgrid_office WITH CHECK (
    township_id = ANY ((SELECT my_townships('administer'))::bigint[]));
CREATE POLICY changed ON calendar_year FOR UPDATE TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('administer'))::bigint[]));
GRANT SELECT ON calendar_year TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT
    INSERT (township_id, year, hours, names, day_rule, digest, counted),
    UPDATE (hours, names, day_rule, digest, counted)
ON calendar_year TO gisgrid_office;
