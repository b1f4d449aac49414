-- What somebody says to have read must stay what it was.
CREATE OR REPLACE FUNCTION keep_document_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of a document never changes' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep_document_version BEFORE UPDATE ON document_version
FOR EACH ROW EXECUTE FUNCTION keep_document_version();
