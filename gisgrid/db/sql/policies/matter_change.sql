ALTER TABLE matter_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON matter_change FOR SELECT USING (EXISTS (
    SELECT FROM matter_list l WHERE l.id = list_id
      AND l.township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[])));
CREATE POLICY added ON matter_change FOR INSERT TO gisgrid_office WITH CHECK (
    who = (SELECT my_name()) AND EXISTS (
        SELECT FROM matter_list l WHERE l.id = list_id
          AND l.township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[])));
GRANT SELECT ON matter_change TO gisgrid_office;
GRANT INSERT (list_id, code, what, was, became, who) ON matter_change TO gisgrid_office;
