-- A photo is seen where its line of the log is, and added by whoever wrote the line.
ALTER TABLE entry_photo ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON entry_photo FOR SELECT USING (
    EXISTS (SELECT FROM register_entry e WHERE e.id = entry_photo.entry_id));
CREATE POLICY added ON entry_photo FOR INSERT TO gisgrid_web WITH CHECK (
    EXISTS (SELECT FROM register_entry e WHERE e.id = entry_photo.entry_id AND e.account_id = (SELECT my_account())));
GRANT SELECT, INSERT (entry_id, sha256, width, height, jpeg, thumbnail) ON entry_photo TO gisgrid_web;
GRANT SELECT ON entry_photo TO gisgrid_views;
