-- When the service last did what it does by the clock is no secret of any township.
ALTER TABLE clock_task ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON clock_task FOR SELECT USING (true);
GRANT SELECT ON clock_task TO gisgrid_web;
