-- What stands in a file is seen by who sent it, and by nobody else with the right to load.
ALTER TABLE file_import_part ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON file_import_part FOR SELECT USING (
    EXISTS (SELECT FROM file_import i WHERE i.id = import_id AND i.account_id = my_account()));
CREATE POLICY sent ON file_import_part FOR INSERT WITH CHECK (
    what = 'file'
    AND EXISTS (SELECT FROM file_import i WHERE i.id = import_id AND i.account_id = my_account()
        AND i.task = 'look' AND i.state = 'waiting'));
GRANT SELECT, INSERT ON file_import_part TO gisgrid_web;
