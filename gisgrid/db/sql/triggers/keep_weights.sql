-- A version that a plan remembers must say the same for ever.
CREATE OR REPLACE FUNCTION keep_weights() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of weights never changes' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep_weights BEFORE UPDATE ON workload_weights
FOR EACH ROW EXECUTE FUNCTION keep_weights();
