-- What is told of the accounts that somebody administers: no hash, and of the second factor whether there is one.
CREATE VIEW account_listed AS
SELECT k.id, k.name, k.display_name, k.active, k.staff_id, k.last_login_at,
       k.tf_primary_method IS NOT NULL AS second_factor
FROM account k WHERE k.id = ANY ((SELECT accounts_under('administer'))::bigint[]);
GRANT SELECT ON account_listed TO gisgrid_web;
