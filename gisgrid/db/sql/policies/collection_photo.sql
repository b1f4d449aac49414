-- A photo is seen where its answer is, and added by whoever answered.
ALTER TABLE collection_photo ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON collection_photo FOR SELECT USING (
    EXISTS (SELECT FROM collection_answer a WHERE a.id = collection_photo.answer_id));
CREATE POLICY added ON collection_photo FOR INSERT TO gisgrid_web WITH CHECK (
    EXISTS (SELECT FROM collection_answer a
            WHERE a.id = collection_photo.answer_id AND a.account_id = (SELECT my_account())));
GRANT SELECT, INSERT (answer_id, sha256, width, height, jpeg, thumbnail) ON collection_photo TO gisgrid_web;
GRANT SELECT ON collection_photo TO gisgrid_views;
