-- For who answers people in the whole township: an answer holds what every table has on a person. It is written by the
-- worker, and leaves by `take_answer` alone; a page can only throw it away.
ALTER TABLE subject_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON subject_request FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('answer_subjects'))::bigint[]));
CREATE POLICY noted ON subject_request FOR INSERT WITH CHECK (
    township_id = ANY ((SELECT my_townships('answer_subjects'))::bigint[]) AND state = 'asked'
    AND EXISTS (SELECT FROM resident r WHERE r.id = resident_id AND r.township_id = subject_request.township_id));
CREATE POLICY decided ON subject_request FOR UPDATE USING (
    township_id = ANY ((SELECT my_townships('answer_subjects'))::bigint[]))
WITH CHECK (township_id = ANY ((SELECT my_townships('answer_subjects'))::bigint[]) AND answer IS NULL);
GRANT
    SELECT (id, township_id, resident_id, asked_at, noted_by, due_on, state, decided_by, decided_at, reason, sha256,
        made_at, gone_on, answered_by, answered_at),
    INSERT (township_id, resident_id, noted_by, due_on),
    UPDATE (state, decided_by, decided_at, reason, answer, answered_by, answered_at)
ON subject_request TO gisgrid_web;
