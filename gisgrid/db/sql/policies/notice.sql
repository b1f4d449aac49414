ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON notice FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_events'))::bigint[]));
-- Whoever reports sees the calls that it makes upwards: what is written with ON CONFLICT must be
-- seen.
CREATE POLICY reported ON notice FOR SELECT USING (
    EXISTS (SELECT FROM event_case c WHERE c.id = notice.case_id AND c.event_id = my_report()));
-- Who sees the case may see whom it called.
CREATE POLICY called ON notice FOR SELECT TO gisgrid_web USING (
    EXISTS (SELECT FROM event_case c WHERE c.id = notice.case_id));
CREATE POLICY mine ON notice FOR SELECT TO gisgrid_web USING (account_id = my_account());
CREATE POLICY added ON notice FOR INSERT WITH CHECK (
    (SELECT has_right('handle_events'))
    OR EXISTS (SELECT FROM event_case c WHERE c.id = notice.case_id));
CREATE POLICY changed ON notice FOR UPDATE USING (
    level || ':' || area_id = ANY ((SELECT my_levels('handle_events'))::text[])
    OR account_id = my_account()
) WITH CHECK (seen_by = (SELECT k.name FROM account k WHERE k.id = my_account()));
GRANT SELECT, INSERT, UPDATE (seen_at, seen_by) ON notice TO gisgrid_web;
GRANT SELECT ON notice TO gisgrid_views;
