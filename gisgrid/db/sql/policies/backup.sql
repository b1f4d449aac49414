-- For the office at the server alone, until a page asks.
ALTER TABLE backup ENABLE ROW LEVEL SECURITY;
