ALTER TABLE sleep_reason ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON sleep_reason FOR SELECT USING (
    EXISTS (SELECT FROM plan p JOIN grid g ON g.plan_id = p.id
            WHERE p.township_id = sleep_reason.township_id AND p.id = ANY ((SELECT plans_in_force())::bigint[])
              AND g.code = sleep_reason.grid_code AND g.id = ANY ((SELECT my_grids('see_register'))::bigint[])));
GRANT SELECT ON sleep_reason TO gisgrid_web;
