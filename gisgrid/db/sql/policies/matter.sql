-- Nothing in these rows is about a person. Items of a draft are written by who keeps the list; to a version that
-- has days, only temporary ones are added.
ALTER TABLE matter ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON matter FOR SELECT USING (true);
CREATE POLICY drafted ON matter TO gisgrid_office USING (EXISTS (
    SELECT FROM matter_list l WHERE l.id = list_id AND l.validity IS NULL
      AND l.township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[])));
CREATE POLICY added_for_days ON matter FOR INSERT TO gisgrid_office WITH CHECK (
    consent IS NOT NULL AND EXISTS (
        SELECT FROM matter_list l WHERE l.id = list_id
          AND l.township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[])));
GRANT SELECT ON matter TO gisgrid_web, gisgrid_views, gisgrid_planner, gisgrid_office;
GRANT INSERT, UPDATE, DELETE ON matter TO gisgrid_office;
