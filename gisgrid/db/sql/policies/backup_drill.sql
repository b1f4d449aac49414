-- Read by `list_drills` alone.
ALTER TABLE backup_drill ENABLE ROW LEVEL SECURITY;
