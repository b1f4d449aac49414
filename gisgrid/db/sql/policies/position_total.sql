-- For the office at the server alone, until a page asks.
ALTER TABLE position_total ENABLE ROW LEVEL SECURITY;
