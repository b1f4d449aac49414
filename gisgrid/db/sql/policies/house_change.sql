-- Nothing in these rows is about a person, but for what went with a house: its households are numbered there.
GRANT SELECT (id, township_id, change, house_id, successor_id, community_id, code, address, reason, on_day, entry_id, at)
ON house_change TO gisgrid_web, gisgrid_views;
