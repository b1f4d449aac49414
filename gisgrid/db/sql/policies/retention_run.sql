-- For the office at the server alone, until a page asks.
ALTER TABLE retention_run ENABLE ROW LEVEL SECURITY;
