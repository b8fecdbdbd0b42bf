extension Migrations {
    static let sweeping = """
        -- Ends held leases whose time is over, oldest first, and tells which waiting orders may get what they held. No
        -- advisory lock: such a lease is worth nothing to anybody, so nothing is decided here that a claim decides.
        -- Nothing is waited for either: a row that another session has in its hands is left to it.
        -- of_merchants: NULL for all.
        CREATE FUNCTION end_expired_leases(of_merchants text[], most bigint)
        RETURNS TABLE (lease leases, wake uuid[]) LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            FOR lease IN
                DELETE FROM leases AS ended
                USING (
                    SELECT due.merchant_id, due.order_id, due.fencing_token
                    FROM leases AS due
                    WHERE due.state = 'held' AND due.expires_at <= now()
                        AND (of_merchants IS NULL OR due.merchant_id = ANY (of_merchants))
                    ORDER BY due.expires_at
                    LIMIT most
                    FOR UPDATE SKIP LOCKED
                ) AS chosen
                WHERE ended.merchant_id = chosen.merchant_id AND ended.order_id = chosen.order_id
                    AND ended.fencing_token = chosen.fencing_token AND ended.state = 'held'
                    AND ended.expires_at <= now()
                RETURNING ended.*
            LOOP
                wake := next_waiters((lease).merchant_id, (lease).location_id, lease, true);
                RETURN NEXT;
            END LOOP;
        END
        $$;

        """
}
