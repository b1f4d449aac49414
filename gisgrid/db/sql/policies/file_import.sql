-- Seen by who may load where it goes; asked for as oneself. The worker, which enters as the owner,
-- asks again whether the right holds before it does anything.
ALTER TABLE file_import ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON file_import FOR SELECT USING (
    township = ANY ((SELECT towns_to_load())::text[])
    OR township IS NULL AND (SELECT may_load('areas', NULL))
    OR account_id = my_account() AND (SELECT has_right('load')));
CREATE POLICY sent ON file_import FOR INSERT WITH CHECK (
    account_id = my_account() AND asked_by = my_account() AND (SELECT has_right('load')));
CREATE POLICY asked ON file_import FOR UPDATE USING (
    township = ANY ((SELECT towns_to_load())::text[])
    OR township IS NULL AND (SELECT may_load('areas', NULL))
    OR account_id = my_account() AND (SELECT has_right('load')))
WITH CHECK (asked_by = my_account() AND (SELECT has_right('load')));
CREATE POLICY thrown_away ON file_import FOR DELETE USING (
    account_id = my_account() AND run_id IS NULL AND state NOT IN ('waiting', 'running'));
GRANT
    SELECT,
    INSERT (township, kind, file_name, size, sha256, account_id, who, after_id, options, task, asked_by,
        run_id),
    UPDATE (township, kind, options, task, state, asked_by, asked_at, ended_at, done, total, doing,
        attempts, failed, facts, checked, foreseen),
    DELETE
ON file_import TO gisgrid_web;
GRANT SELECT (id, run_id) ON file_import TO gisgrid_views;
