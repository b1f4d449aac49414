ALTER TABLE emergency ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON emergency FOR SELECT USING ((SELECT has_right('see_events')));
-- Whoever reports learns of a running emergency: their report follows its flow.
CREATE POLICY reported ON emergency FOR SELECT USING (ended_at IS NULL AND my_report() IS NOT NULL);
CREATE POLICY added ON emergency FOR INSERT WITH CHECK (
    (township_id = ANY ((SELECT my_townships('dispatch'))::bigint[])
     OR area_id = ANY ((SELECT my_communities('dispatch'))::bigint[]))
    AND started_by = (SELECT k.name FROM account k WHERE k.id = my_account()));
CREATE POLICY changed ON emergency FOR UPDATE USING (
    (township_id = ANY ((SELECT my_townships('dispatch'))::bigint[])
     OR area_id = ANY ((SELECT my_communities('dispatch'))::bigint[]))
    AND ended_at IS NULL
) WITH CHECK (
    (township_id = ANY ((SELECT my_townships('dispatch'))::bigint[])
     OR area_id = ANY ((SELECT my_communities('dispatch'))::bigint[]))
    AND ended_by = (SELECT k.name FROM account k WHERE k.id = my_account()));
GRANT SELECT, INSERT, UPDATE (ended_at, ended_by) ON emergency TO gisgrid_web;
GRANT SELECT ON emergency TO gisgrid_views;
