-- What each role may; a township changes the rows, not this text.
INSERT INTO role_right (role, right_name)
SELECT role, right_name
FROM (VALUES
    ('county_reviewer', 'see_houses see_counts review'),
    ('township_government', 'see_houses see_counts see_events handle_events see_contacts see_register unmask see_visits dispatch export'),
    ('section_cadre', 'see_houses see_counts see_events handle_events see_contacts see_register see_visits'),
    ('community_clerk', 'see_houses see_counts see_events handle_events see_contacts see_register unmask see_visits export'),
    ('grid_leader', 'see_houses see_counts see_events handle_events see_contacts see_register unmask see_visits'),
    ('grid_worker', 'see_houses see_counts see_events handle_events see_contacts see_register unmask see_visits'),
    ('sinking_force', 'see_houses see_counts see_events handle_events see_contacts see_register'),
    ('social_force', 'see_houses see_events handle_events'),
    ('dispatcher', 'see_houses see_counts see_events handle_events see_contacts dispatch'),
    ('planner', 'see_houses see_counts plan export'),
    ('coordinator', 'see_houses see_counts see_events see_contacts dispatch'),
    ('auditor', 'audit'),
    ('administrator', 'administer')
) AS may (role, rights), string_to_table(rights, ' ') AS right_name;

-- What personal data may be opened for, and the ground for it in the law.
INSERT INTO purpose (name, zh, en, legal_basis) VALUES
    ('care', '走访关怀', 'visits and care', 'PIPL 13(1)(3)'),
    ('event', '事件处置', 'handling an event', 'PIPL 13(1)(3)'),
    ('verify', '户档核实', 'verifying the register', 'PIPL 13(1)(3)'),
    ('emergency', '应急处置', 'an emergency', 'PIPL 13(1)(4)'),
    ('subject', '本人查询', 'answering the person concerned', 'PIPL 45'),
    ('contact', '工作联系', 'reaching a colleague', 'PIPL 13(1)(2)'),
    ('training', '人员培训', 'training the staff', 'PIPL 13(1)(2)'),
    ('account', '账号与责任追溯', 'accounts and accountability', 'PIPL 13(1)(3), 51');
