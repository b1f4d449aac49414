-- For the office at the server alone, until a page asks.
ALTER TABLE correction_request ENABLE ROW LEVEL SECURITY;
