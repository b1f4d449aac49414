ALTER TABLE photo ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON photo FOR SELECT USING (
    EXISTS (SELECT FROM event e WHERE e.id = photo.event_id));
CREATE POLICY added ON photo FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM event e WHERE e.id = photo.event_id));
GRANT SELECT, INSERT ON photo TO gisgrid_web;
GRANT SELECT ON photo TO gisgrid_views;
