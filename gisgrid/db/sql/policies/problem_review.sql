ALTER TABLE problem_review ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON problem_review FOR SELECT USING (EXISTS (SELECT FROM open_problem p WHERE p.id = problem_id));
CREATE POLICY added ON problem_review FOR INSERT WITH CHECK (
    by = (SELECT k.name FROM account k WHERE k.id = my_account())
    AND EXISTS (
        SELECT FROM open_problem p
        WHERE p.id = problem_id
          AND (township_id = ANY ((SELECT my_townships('handle_events'))::bigint[])
               OR community_id = ANY ((SELECT my_communities('handle_events'))::bigint[]))));
CREATE POLICY looked_at ON problem_review FOR INSERT TO gisgrid_web WITH CHECK (
    by = (SELECT k.name FROM account k WHERE k.id = my_account())
    AND EXISTS (
        SELECT FROM notice n
        WHERE n.problem_id = problem_review.problem_id AND n.account_id = my_account()));
GRANT SELECT, INSERT ON problem_review TO gisgrid_web;
GRANT SELECT ON problem_review TO gisgrid_views;
