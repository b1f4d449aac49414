-- Lines of the log of the register, their values masked; each as of when it was written down, which may be before it came in.
CREATE VIEW masked_register_entry AS
SELECT e.id, e.township_id, e.house_id, e.gone_house_id, e.community_id, e.kind, e.household_id, e.resident_id, e.account_id, e.who,
       coalesce(e.entered_at, e.at) AS at, e.state, h.conflict, e.decided_by, e.decided_at, e.reason,
       e.taken_back_by, e.taken_back_at, e.taken_back_reason, masked_entry(e.said, t.masking) AS said,
       masked_entry(h.was, t.masking) AS was
FROM register_entry e JOIN entry_held h ON h.id = e.id JOIN township t ON t.area_id = e.township_id;
GRANT SELECT ON masked_register_entry TO gisgrid_web;
