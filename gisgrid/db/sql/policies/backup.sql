-- Read by `list_backups` alone.
ALTER TABLE backup ENABLE ROW LEVEL SECURITY;
