ALTER TABLE training_attendee ENABLE ROW LEVEL SECURITY;
-- Sets, which are read once a statement: asked for each row anew, a list of sessions takes thirty times as long.
-- Whose the account is, which this policy asks, is not for the planner's role.
CREATE POLICY seen ON training_attendee FOR SELECT TO gisgrid_web, gisgrid_views USING (
    training_attendee.staff_id = (SELECT k.staff_id FROM account k WHERE k.id = my_account())
    OR training_attendee.staff_id IN (SELECT s.id FROM staff s));
CREATE POLICY planned ON training_attendee FOR SELECT TO gisgrid_planner USING (
    training_id IN (
        SELECT t.id FROM training t
        WHERE t.township_id = ANY ((SELECT my_townships('plan'))::bigint[])
           OR t.township_id = ANY ((SELECT my_townships('review'))::bigint[])));
GRANT SELECT ON training_attendee TO gisgrid_web, gisgrid_views, gisgrid_planner;
CREATE POLICY ticked ON training_attendee TO gisgrid_office USING (
    training_id IN (
        SELECT t.id FROM training t WHERE t.township_id = ANY ((SELECT my_townships('load'))::bigint[])))
WITH CHECK (
    EXISTS (
        SELECT FROM training t
        WHERE t.id = training_id AND t.township_id = ANY ((SELECT my_townships('load'))::bigint[])
          AND township_of_staff(staff_id) = t.township_id));
GRANT SELECT, INSERT (training_id, staff_id), DELETE ON training_attendee TO gisgrid_office;
