extension Migrations {
    // Why functions, and not one statement with the lock in a CTE: a statement sees the database as it was when the
    // statement began, which is before it waited for the lock, so each waiter would find the table free that the one
    // before it has just taken. In a VOLATILE function every statement after the PERFORM looks anew, at READ COMMITTED,
    // and the whole is still one round trip and one commit.

    /// Gives the order `table`, unless somebody has it: guarded by a look of its own and by the unique indexes.
    private static func grant(_ table: String) -> String {
        """
        DELETE FROM leases
        WHERE merchant_id = for_merchant AND location_id = for_location AND table_number = \(table)
            AND state = 'held' AND expires_at <= now();
        INSERT INTO leases (
            merchant_id, location_id, order_id, mode, table_number, fencing_token, state, is_concluded, since,
            expires_at
        )
        SELECT for_merchant, for_location, for_order, in_mode, \(table), nextval('fencing_tokens'), 'held', false,
            now(), now() + lease_time
        WHERE \(isFree(table))
        ON CONFLICT DO NOTHING
        RETURNING * INTO lease;
        """
    }

    /// Those who came before this order and want what it wants, as long as they are there.
    private static let isAhead = """
        w.merchant_id = for_merchant AND w.location_id = for_location AND w.order_id <> for_order
            AND w.mode = in_mode AND w.waits_for <> 'register'
            AND (in_mode <> 'named' OR w.table_number = wanted_table)
            AND (w.turn_until IS NULL OR w.turn_until > now()) AND w.ticket < my_ticket
        """

    static let claim = """
        -- The lease an order has, or a new one. outcome: existing, granted; table_held, placing (lease is the holder's);
        -- queued (other_order waits since other_at and goes first); unsettled (a write of other_order may take effect
        -- until other_at); elsewhere (the order's own, at another location); none_free, no_tables.
        CREATE FUNCTION claim_lease(
            for_merchant text,
            for_location text,
            for_order uuid,
            in_mode text,
            wanted_table bigint,
            in_zone text,
            lease_time interval,
            waiter_time interval,
            turn_time interval,
            OUT outcome text,
            OUT lease leases,
            OUT must_look boolean,
            OUT other_order uuid,
            OUT other_at timestamptz
        ) LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
            is_queued boolean;
            my_ticket bigint;
            ahead bigint := 0;
            unclaimed bigint;
            candidate bigint;
            is_contested boolean;
        BEGIN
            -- How strong the lock has to be; nothing else is decided by this look.
            is_queued := EXISTS (SELECT FROM waiters WHERE merchant_id = for_merchant AND location_id = for_location);
            IF in_mode = 'virtual' OR is_queued THEN
                PERFORM pg_advisory_xact_lock(location_lock_key(for_merchant, for_location));
            ELSE
                PERFORM pg_advisory_xact_lock_shared(location_lock_key(for_merchant, for_location));
            END IF;
            must_look := false;

            SELECT * INTO lease FROM leases WHERE merchant_id = for_merchant AND order_id = for_order;
            IF FOUND THEN
                IF lease.location_id <> for_location AND (lease.state = 'pinned' OR lease.expires_at > now()) THEN
                    outcome := 'elsewhere';
                    RETURN;
                END IF;
                IF lease.location_id = for_location AND lease.state = 'pinned' THEN
                    outcome := 'existing';
                    RETURN;
                END IF;
                UPDATE leases
                SET expires_at = CASE state WHEN 'held' THEN now() + lease_time END
                WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order
                    AND (state = 'pinned' OR expires_at > now()) AND (table_number IS NOT NULL OR mode = in_mode)
                RETURNING * INTO lease;
                IF FOUND THEN
                    outcome := 'existing';
                    must_look := lease.state = 'held' AND EXISTS (
                        SELECT FROM unsettled_tables
                        WHERE merchant_id = for_merchant AND location_id = for_location
                            AND table_number = lease.table_number
                    );
                    RETURN;
                END IF;
                -- It has expired; or it asked the register, and the location's mode is another now.
                DELETE FROM leases
                WHERE merchant_id = for_merchant AND order_id = for_order AND state = 'held'
                    AND (expires_at <= now() OR (table_number IS NULL AND mode <> in_mode));
            END IF;

            IF is_queued THEN
                DELETE FROM waiters
                WHERE merchant_id = for_merchant AND location_id = for_location AND seen_at < now() - waiter_time;
                SELECT coalesce(max(ticket), 9223372036854775807) INTO my_ticket
                FROM waiters
                WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order;
                SELECT count(*) INTO ahead FROM waiters AS w WHERE \(isAhead);
            END IF;

            IF in_mode = 'physical' THEN
                IF is_queued THEN
                    -- Whoever has a table waiting for them has so long to come for it.
                    UPDATE waiters AS guest
                    SET turn_until = now() + turn_time
                    WHERE guest.merchant_id = for_merchant AND guest.location_id = for_location
                        AND guest.mode = 'named' AND guest.turn_until IS NULL AND \(isFree("guest.table_number"));
                END IF;
                IF ahead > 0 THEN
                    SELECT count(*) INTO unclaimed
                    FROM free_tables(for_merchant, for_location, for_order, in_zone);
                    UPDATE waiters
                    SET turn_until = now() + turn_time
                    WHERE merchant_id = for_merchant AND location_id = for_location AND turn_until IS NULL
                        AND ticket IN (
                            SELECT w.ticket FROM waiters AS w WHERE \(isAhead) ORDER BY w.ticket LIMIT unclaimed
                        );
                END IF;
                IF ahead = 0 OR unclaimed > ahead THEN
                    FOR pass IN 1..20 LOOP
                        is_contested := false;
                        FOR candidate IN
                            SELECT free.number
                            FROM free_tables(for_merchant, for_location, for_order, in_zone) AS free
                            ORDER BY free.place
                        LOOP
                            -- A table that another session is deciding on is left to it; nobody waits here for a
                            -- second table lock, so nobody can wait in a circle.
                            IF NOT pg_try_advisory_xact_lock(table_lock_key(for_merchant, for_location, candidate)) THEN
                                is_contested := true;
                                CONTINUE;
                            END IF;
                            \(grant("candidate"))
                            EXIT WHEN FOUND;
                            SELECT * INTO lease FROM leases WHERE merchant_id = for_merchant AND order_id = for_order;
                            EXIT WHEN FOUND;
                        END LOOP;
                        EXIT WHEN lease.order_id IS NOT NULL OR NOT is_contested;
                        -- Every free table is being decided on: in a moment it is known.
                        PERFORM pg_sleep(0.001 * pass);
                    END LOOP;
                END IF;
                IF lease.order_id IS NULL THEN
                    PERFORM FROM section_tables
                    WHERE merchant_id = for_merchant AND location_id = for_location
                    LIMIT 1;
                    outcome := CASE WHEN FOUND THEN 'none_free' ELSE 'no_tables' END;
                END IF;
            ELSE
                IF in_mode = 'named' THEN
                    PERFORM pg_advisory_xact_lock(table_lock_key(for_merchant, for_location, wanted_table));
                    SELECT * INTO lease
                    FROM leases
                    WHERE merchant_id = for_merchant AND location_id = for_location AND table_number = wanted_table
                        AND order_id <> for_order AND (state = 'pinned' OR expires_at > now());
                    IF FOUND THEN
                        outcome := 'table_held';
                    END IF;
                    SELECT order_id, settles_at INTO other_order, other_at
                    FROM unsettled_tables
                    WHERE outcome IS NULL AND merchant_id = for_merchant AND location_id = for_location
                        AND table_number = wanted_table AND settles_at > now() AND order_id <> for_order;
                    IF FOUND THEN
                        outcome := 'unsettled';
                    END IF;
                ELSE
                    DELETE FROM leases
                    WHERE merchant_id = for_merchant AND location_id = for_location AND mode = 'virtual'
                        AND NOT is_concluded AND state = 'held' AND expires_at <= now();
                    SELECT * INTO lease
                    FROM leases
                    WHERE merchant_id = for_merchant AND location_id = for_location AND mode = 'virtual'
                        AND NOT is_concluded;
                    IF FOUND THEN
                        outcome := 'placing';
                    END IF;
                END IF;
                IF outcome IS NULL AND ahead > 0 THEN
                    outcome := 'queued';
                    UPDATE waiters
                    SET turn_until = coalesce(turn_until, now() + turn_time)
                    WHERE ticket = (SELECT min(w.ticket) FROM waiters AS w WHERE \(isAhead))
                        AND merchant_id = for_merchant AND location_id = for_location
                    RETURNING order_id, since INTO other_order, other_at;
                    -- It stopped waiting for us in this moment.
                    IF NOT FOUND THEN
                        outcome := NULL;
                    END IF;
                END IF;
                IF outcome IS NULL THEN
                    \(grant("wanted_table"))
                    IF NOT FOUND THEN
                        -- The same order a moment earlier, or a table that was taken or left unsettled just now.
                        SELECT * INTO lease FROM leases WHERE merchant_id = for_merchant AND order_id = for_order;
                        IF NOT FOUND THEN
                            outcome := 'none_free';
                        END IF;
                    END IF;
                END IF;
            END IF;

            IF outcome IS NULL THEN
                outcome := CASE lease.location_id WHEN for_location THEN 'granted' ELSE 'elsewhere' END;
                must_look := EXISTS (
                    SELECT FROM unsettled_tables
                    WHERE merchant_id = for_merchant AND location_id = for_location
                        AND table_number = lease.table_number
                );
                IF is_queued THEN
                    DELETE FROM waiters
                    WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order;
                END IF;
            ELSIF outcome <> 'no_tables' THEN
                PERFORM record_waiter(
                    for_merchant, for_location, for_order, in_mode, wanted_table,
                    CASE in_mode WHEN 'virtual' THEN 'place' ELSE 'table' END
                );
            END IF;
        END
        $$;

        """
}
