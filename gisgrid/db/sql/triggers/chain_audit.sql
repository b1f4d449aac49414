-- Row numbers and hashes are made here and nowhere else. The lock makes writers wait for each
-- other until they commit, so that numbers have no gaps and the chain no forks.
CREATE OR REPLACE FUNCTION chain_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before audit_entry;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_entry'));
    SELECT * INTO before FROM audit_entry ORDER BY id DESC LIMIT 1;
    NEW.id := coalesce(before.id, 0) + 1;
    NEW.at := clock_timestamp();
    NEW.prev_hash := coalesce(before.hash, '\x'::bytea);
    NEW.hash := sha256(NEW.prev_hash || convert_to(audit_text(NEW), 'UTF8'));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION chain_audit() IS
    'runs as the owner: the chain goes on from the last row, which who writes may not be allowed to read';
CREATE TRIGGER chain_audit BEFORE INSERT ON audit_entry
FOR EACH ROW EXECUTE FUNCTION chain_audit();
