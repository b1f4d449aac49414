-- Read and decided by functions alone, which mask: see `list_corrections` and `decide_correction`.
ALTER TABLE correction_request ENABLE ROW LEVEL SECURITY;
