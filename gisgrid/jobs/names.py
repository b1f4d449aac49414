"""What the queues, tasks and jobs are called in the store, where orders and workers meet."""

QUEUE, TASK = "editor", "editor.job"
QUICK = "editor.quick"
SCHEDULED, COMPLETE = "scheduled", "editor.complete"
REBALANCE = "rebalance"
