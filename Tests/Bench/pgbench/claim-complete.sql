-- Claims a job and completes it: two commits, what a plain queue would cost.
UPDATE bench_jobs
SET state = 'running', attempt = attempt + 1
WHERE id = (SELECT id FROM bench_jobs WHERE state = 'ready' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id \gset
UPDATE bench_jobs SET state = 'done' WHERE id = :id;
