-- Writes one message to whoever asks, by one channel of a township that they administer; its number. Null: no such
-- channel is on, or it knows no address of theirs.
CREATE OR REPLACE FUNCTION try_channel(town bigint, way text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    by_person boolean;
    told bigint;
    sent bigint;
BEGIN
    IF NOT town = ANY (my_townships('administer')) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    SELECT c.addressed INTO by_person FROM (
        SELECT * FROM outbox_channel o WHERE o.channel = way AND (o.township_id = town OR o.township_id IS NULL)
        ORDER BY o.township_id NULLS LAST LIMIT 1) c
    WHERE c.active AND (NOT c.addressed OR EXISTS (
        SELECT FROM outbox_person p WHERE p.account_id = my_account()
          AND CASE way WHEN 'email' THEN p.email ELSE p.address END IS NOT NULL));
    IF by_person IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO outbox_message (key, kind, urgent, township_id, subject, subject_id, code)
    VALUES ('test:' || gen_random_uuid(), 'test', true, town, 'test', 0, way) RETURNING id INTO told;
    INSERT INTO outbox_delivery (message_id, account_id, channel, next_at)
    VALUES (told, CASE WHEN by_person THEN my_account() END, way, now()) RETURNING id INTO sent;
    PERFORM audit('try', 'outbox_channel', ARRAY[sent]);
    RETURN sent;
END $$;
COMMENT ON FUNCTION try_channel(bigint, text) IS
    'runs as the owner: the address is another table''s, and messages are written by nobody else';
REVOKE EXECUTE ON FUNCTION try_channel(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION try_channel(bigint, text) TO gisgrid_office;
