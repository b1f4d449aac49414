"""What the queues, tasks and jobs are called in the store, where orders and workers meet."""

QUEUE, TASK = "bench", "bench.job"
QUICK = "bench.quick"
UPKEEP, COMPLETE = "upkeep", "bench.complete"
REBALANCE = "rebalance"
