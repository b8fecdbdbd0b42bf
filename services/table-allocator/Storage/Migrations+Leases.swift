extension Migrations {
    /// What becomes of a lease: each guarded by the token, and without the location's lock.
    static let leaseEnds = """
        -- outcome: pinned, existing (was pinned already: nothing is written), lost, unnumbered (a virtual lease, and no
        -- number given), taken (lease is the holder's, where there is one).
        CREATE FUNCTION pin_lease(
            for_merchant text,
            for_location text,
            for_order uuid,
            with_token bigint,
            on_table bigint,
            in_zone text,
            OUT outcome text,
            OUT lease leases
        ) LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
            is_numbered boolean;
        BEGIN
            -- Of two calls at once the second waits for the row, finds nothing to change and looks again.
            FOR pass IN 1..2 LOOP
                SELECT * INTO lease
                FROM leases
                WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order
                    AND fencing_token = with_token;
                IF NOT FOUND OR (lease.state = 'held' AND lease.expires_at <= now()) OR lease.table_number <> on_table THEN
                    outcome := 'lost';
                    RETURN;
                ELSIF lease.state = 'pinned' THEN
                    outcome := 'existing';
                    RETURN;
                ELSIF lease.table_number IS NULL AND on_table IS NULL THEN
                    outcome := 'unnumbered';
                    RETURN;
                END IF;
                is_numbered := lease.table_number IS NOT NULL;
                IF is_numbered THEN
                    UPDATE leases
                    SET state = 'pinned', expires_at = NULL
                    WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order
                        AND fencing_token = with_token AND state = 'held' AND expires_at > now()
                    RETURNING * INTO lease;
                ELSE
                    DELETE FROM leases
                    WHERE merchant_id = for_merchant AND location_id = for_location AND table_number = on_table
                        AND state = 'held' AND expires_at <= now();
                    UPDATE leases
                    SET state = 'pinned', expires_at = NULL, table_number = on_table
                    WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order
                        AND fencing_token = with_token AND state = 'held' AND expires_at > now()
                        AND table_number IS NULL AND \(isFree("on_table"))
                        -- Its delay may be over, and yet nobody has read its bill.
                        AND NOT EXISTS (
                            SELECT FROM unsettled_tables AS unread
                            WHERE unread.merchant_id = for_merchant AND unread.location_id = for_location
                                AND unread.table_number = on_table AND unread.order_id <> for_order
                        )
                    RETURNING * INTO lease;
                END IF;
                IF FOUND THEN
                    INSERT INTO table_usage (merchant_id, location_id, table_number, month, uses, last_used_at)
                    VALUES (for_merchant, for_location, lease.table_number, local_month(now(), in_zone), 1, now())
                    ON CONFLICT ON CONSTRAINT table_usage_pkey
                    DO UPDATE SET uses = table_usage.uses + 1,
                        last_used_at = greatest(table_usage.last_used_at, EXCLUDED.last_used_at);
                    outcome := 'pinned';
                    RETURN;
                END IF;
            END LOOP;
            outcome := CASE WHEN is_numbered THEN 'lost' ELSE 'taken' END;
            SELECT * INTO lease
            FROM leases
            WHERE merchant_id = for_merchant AND location_id = for_location AND table_number = on_table;
        END
        $$;

        -- Keeps a table from others until what was written to it has settled and its bill was read.
        CREATE FUNCTION leave_unsettled(ended leases, settle_time interval) RETURNS void LANGUAGE sql VOLATILE AS $$
            INSERT INTO unsettled_tables (merchant_id, location_id, table_number, order_id, since, settles_at)
            VALUES (
                ended.merchant_id, ended.location_id, ended.table_number, ended.order_id, now(), now() + settle_time
            )
            ON CONFLICT ON CONSTRAINT unsettled_tables_pkey
            DO UPDATE SET order_id = EXCLUDED.order_id, since = EXCLUDED.since,
                settles_at = greatest(unsettled_tables.settles_at, EXCLUDED.settles_at)
        $$;

        -- settle_time: NULL where nothing that was written to the table is in doubt.
        CREATE FUNCTION release_lease(
            for_merchant text,
            for_location text,
            for_order uuid,
            with_token bigint,
            settle_time interval,
            OUT changed boolean,
            OUT wake uuid[]
        ) LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
            ended leases;
        BEGIN
            DELETE FROM leases
            WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order
                AND fencing_token = with_token
            RETURNING * INTO ended;
            changed := FOUND;
            wake := ARRAY[]::uuid[];
            IF NOT changed THEN
                RETURN;
            END IF;
            IF settle_time IS NOT NULL AND ended.state = 'pinned' THEN
                PERFORM leave_unsettled(ended, settle_time);
                wake := next_waiters(for_merchant, for_location, ended, false);
            ELSE
                wake := next_waiters(for_merchant, for_location, ended, true);
            END IF;
        END
        $$;

        CREATE FUNCTION conclude_placement(
            for_merchant text,
            for_location text,
            for_order uuid,
            with_token bigint,
            OUT changed boolean,
            OUT wake uuid[]
        ) LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
            concluded leases;
        BEGIN
            UPDATE leases
            SET is_concluded = true
            WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order
                AND fencing_token = with_token AND mode = 'virtual' AND table_number IS NOT NULL AND NOT is_concluded
            RETURNING * INTO concluded;
            changed := FOUND;
            wake := CASE WHEN changed THEN next_waiters(for_merchant, for_location, concluded, false)
                ELSE ARRAY[]::uuid[] END;
        END
        $$;

        -- with_token: NULL for whichever lease the order has.
        CREATE FUNCTION force_release(
            for_merchant text,
            for_location text,
            for_order uuid,
            with_token bigint,
            by_actor text,
            for_reason text,
            settle_time interval,
            OUT changed boolean,
            OUT lease leases,
            OUT wake uuid[]
        ) LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            DELETE FROM leases
            WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order
                AND (with_token IS NULL OR fencing_token = with_token) AND (state = 'pinned' OR expires_at > now())
            RETURNING * INTO lease;
            changed := FOUND;
            wake := ARRAY[]::uuid[];
            IF NOT changed THEN
                RETURN;
            END IF;
            INSERT INTO forced_releases (
                merchant_id, location_id, order_id, table_number, fencing_token, state, since, released_at, actor,
                reason
            )
            VALUES (
                for_merchant, for_location, for_order, lease.table_number, lease.fencing_token, lease.state,
                lease.since, now(), by_actor, for_reason
            );
            IF lease.state = 'pinned' THEN
                PERFORM leave_unsettled(lease, settle_time);
            END IF;
            wake := next_waiters(for_merchant, for_location, lease, lease.state = 'held');
        END
        $$;

        """
}
