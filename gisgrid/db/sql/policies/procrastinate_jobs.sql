-- The planner's role queues long work; what becomes of it is the worker's, who enters as the owner.
GRANT USAGE ON SCHEMA procrastinate TO gisgrid_planner;
GRANT SELECT (id), INSERT ON procrastinate.procrastinate_jobs TO gisgrid_planner;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA procrastinate TO gisgrid_planner;
