-- One small commit: the unit in which added latency is counted.
UPDATE bench_commits SET value = value + 1 WHERE id = :client_id + 1;
