-- Owner and loads only: old rows may hold anything.
ALTER TABLE history ENABLE ROW LEVEL SECURITY;
