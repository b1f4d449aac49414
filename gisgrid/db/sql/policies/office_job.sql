-- Answers for who answers people in the whole township, retention for who administers it, backups for who administers
-- the whole store; asked for as oneself. The worker, which enters as the owner, asks again whether the right holds.
ALTER TABLE office_job ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON office_job FOR SELECT USING (
    kind = 'subject' AND township_id = ANY ((SELECT my_townships('answer_subjects'))::bigint[])
    OR kind IN ('retention_try', 'retention') AND township_id = ANY ((SELECT my_townships('administer'))::bigint[])
    OR kind = 'backup' AND (SELECT holds_everywhere('administer')));
CREATE POLICY asked ON office_job FOR INSERT WITH CHECK (
    account_id = my_account() AND state = 'waiting'
    AND (kind = 'subject' AND EXISTS (SELECT FROM subject_request s
             WHERE s.id = request_id AND s.township_id = office_job.township_id)
         OR kind IN ('retention_try', 'retention')
             AND township_id = ANY ((SELECT my_townships('administer'))::bigint[])
         OR kind = 'backup' AND (SELECT holds_everywhere('administer'))));
GRANT SELECT, INSERT (township_id, kind, request_id, account_id, who) ON office_job TO gisgrid_web;
