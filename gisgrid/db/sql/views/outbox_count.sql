-- How much was told, for who looks after accounts or audits: numbers, and whom it reached is not among them.
CREATE VIEW outbox_count AS
SELECT m.township_id, m.kind, d.channel, d.state, (m.at AT TIME ZONE 'UTC')::date AS day, count(*) AS n
FROM outbox_message m JOIN outbox_delivery d ON d.message_id = m.id
WHERE (SELECT holds_everywhere('audit') OR holds_everywhere('administer'))
   OR m.township_id = ANY ((SELECT my_townships('audit') || my_townships('administer'))::bigint[])
GROUP BY m.township_id, m.kind, d.channel, d.state, (m.at AT TIME ZONE 'UTC')::date;
COMMENT ON VIEW outbox_count IS
    'runs as the owner: numbers only, of the townships that the asker audits or administers';
GRANT SELECT ON outbox_count TO gisgrid_web;
