ALTER TABLE open_problem ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON open_problem FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_events'))::bigint[])
    OR community_id = ANY ((SELECT my_communities('see_events'))::bigint[]));
CREATE POLICY supervised ON open_problem FOR SELECT TO gisgrid_web USING (
    EXISTS (SELECT FROM notice n WHERE n.problem_id = open_problem.id AND n.account_id = my_account()));
CREATE POLICY added ON open_problem FOR INSERT WITH CHECK (
    township_id = ANY ((SELECT my_townships('handle_events'))::bigint[])
    OR community_id = ANY ((SELECT my_communities('handle_events'))::bigint[]));
CREATE POLICY changed ON open_problem FOR UPDATE USING (
    township_id = ANY ((SELECT my_townships('handle_events'))::bigint[])
    OR community_id = ANY ((SELECT my_communities('handle_events'))::bigint[]));
CREATE POLICY looked_at ON open_problem FOR UPDATE TO gisgrid_web USING (
    EXISTS (SELECT FROM notice n WHERE n.problem_id = open_problem.id AND n.account_id = my_account()));
GRANT SELECT, INSERT, UPDATE (review_on, solved_on) ON open_problem TO gisgrid_web;
GRANT SELECT ON open_problem TO gisgrid_views;
