-- Totals of a township, for who sees its registers as a whole.
ALTER TABLE completeness_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON completeness_day FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_register'))::bigint[]));
GRANT SELECT ON completeness_day TO gisgrid_web, gisgrid_views;
