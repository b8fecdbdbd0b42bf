-- What IntakeBatches stores a single order with: the same bytes, and keys as unique.
INSERT INTO orders (
    order_id, merchant_id, location_id, transaction_id, content, state, progress, priority, run_at, accepted_at,
    updated_at, expires_at
)
SELECT gen_random_uuid(), merchant_id, location_id, gen_random_uuid()::text, :content, 'accepted',
    :progress, 2, now(), now(), now(), now() + '86400000 milliseconds'::interval
FROM routes
WHERE merchant_id = :merchant AND location_id = :location AND NOT is_deleted
ON CONFLICT ON CONSTRAINT orders_transaction_once DO NOTHING
RETURNING accepted_at;
