\set location 1
\set order random(1, 9000000000000000000)
SELECT (lease).fencing_token AS token
FROM claim_lease(
    'bench', 'l' || :location::text, lpad(to_hex(:order::bigint), 32, '0')::uuid, 'physical', NULL, 'Europe/Brussels', make_interval(secs => 300),
    make_interval(secs => 60), make_interval(secs => 2)
) \gset
SELECT changed
FROM release_lease('bench', 'l' || :location::text, lpad(to_hex(:order::bigint), 32, '0')::uuid, :token::bigint, NULL);
