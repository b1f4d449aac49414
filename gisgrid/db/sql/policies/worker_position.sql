-- For the office at the server alone, until a page asks.
ALTER TABLE worker_position ENABLE ROW LEVEL SECURITY;
