extension Migrations {
    // Why functions, and not one statement with the lock in a CTE: a statement sees the database as it was when the
    // statement began, which is before it waited for the lock, so each waiter would find the table free that the one
    // before it has just taken. In a VOLATILE function every statement after the PERFORM looks anew, at READ COMMITTED,
    // and the whole is still one round trip and one commit.
    static let functions = """
        CREATE FUNCTION location_lock_key(for_merchant text, for_location text) RETURNS bigint
        LANGUAGE sql STABLE AS $$
            SELECT hashtextextended(current_schema() || '/' || for_merchant || '/' || for_location, 0)
        $$;

        CREATE FUNCTION local_month(at timestamptz, zone text) RETURNS date
        LANGUAGE sql STABLE AS $$
            SELECT date_trunc('month', at AT TIME ZONE zone)::date
        $$;

        -- The lease an order has, or a new one. outcome: existing, granted, table_held (lease is the holder's),
        -- placing (likewise), elsewhere (the order's, at another location), none_free, no_tables.
        CREATE FUNCTION claim_lease(
            for_merchant text,
            for_location text,
            for_order uuid,
            in_mode text,
            wanted_table bigint,
            in_zone text,
            lease_time interval,
            OUT outcome text,
            OUT lease leases
        ) LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
            chosen bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(location_lock_key(for_merchant, for_location));

            -- What has expired is gone; so is an order's question to the register when the location's mode has changed.
            DELETE FROM leases
            WHERE merchant_id = for_merchant AND location_id = for_location
                AND ((state = 'held' AND expires_at <= now())
                    OR (order_id = for_order AND table_number IS NULL AND mode <> in_mode));

            UPDATE leases
            SET expires_at = CASE state WHEN 'held' THEN now() + lease_time END
            WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order
            RETURNING * INTO lease;
            IF FOUND THEN
                outcome := 'existing';
                RETURN;
            END IF;

            SELECT * INTO lease FROM leases WHERE merchant_id = for_merchant AND order_id = for_order;
            IF FOUND THEN
                outcome := 'elsewhere';
                RETURN;
            END IF;

            IF in_mode = 'named' THEN
                SELECT * INTO lease
                FROM leases
                WHERE merchant_id = for_merchant AND location_id = for_location AND table_number = wanted_table;
                IF FOUND THEN
                    outcome := 'table_held';
                    RETURN;
                END IF;
                chosen := wanted_table;
            ELSIF in_mode = 'virtual' THEN
                SELECT * INTO lease
                FROM leases
                WHERE merchant_id = for_merchant AND location_id = for_location
                    AND mode = 'virtual' AND NOT is_concluded;
                IF FOUND THEN
                    outcome := 'placing';
                    RETURN;
                END IF;
            ELSE
                SELECT candidate.table_number INTO chosen
                FROM section_tables AS candidate
                CROSS JOIN LATERAL (
                    SELECT max(usage.last_used_at) AS last_used_at,
                        coalesce(bool_or(usage.month = local_month(now(), in_zone)), false) AS this_month
                    FROM table_usage AS usage
                    WHERE usage.merchant_id = for_merchant AND usage.location_id = for_location
                        AND usage.table_number = candidate.table_number
                ) AS used
                WHERE candidate.merchant_id = for_merchant AND candidate.location_id = for_location
                    AND NOT EXISTS (
                        SELECT FROM leases AS taken
                        WHERE taken.merchant_id = for_merchant AND taken.location_id = for_location
                            AND taken.table_number = candidate.table_number
                    )
                    AND NOT EXISTS (
                        SELECT FROM busy_tables AS busy
                        WHERE busy.merchant_id = for_merchant AND busy.location_id = for_location
                            AND busy.table_number = candidate.table_number AND busy.busy_until > now()
                    )
                ORDER BY used.this_month, used.last_used_at NULLS FIRST, candidate.table_number
                LIMIT 1;
                IF NOT FOUND THEN
                    PERFORM FROM section_tables
                    WHERE merchant_id = for_merchant AND location_id = for_location
                    LIMIT 1;
                    outcome := CASE WHEN FOUND THEN 'none_free' ELSE 'no_tables' END;
                    RETURN;
                END IF;
            END IF;

            INSERT INTO leases (
                merchant_id, location_id, order_id, mode, table_number, fencing_token, state, is_concluded, pins,
                since, expires_at
            )
            VALUES (
                for_merchant, for_location, for_order, in_mode, chosen, nextval('fencing_tokens'), 'held', false, 0,
                now(), now() + lease_time
            )
            RETURNING * INTO lease;
            outcome := 'granted';
        END
        $$;

        -- Gives a virtual lease the number the register named. outcome: granted, existing (it has a number already),
        -- table_held (lease is the holder's), lost.
        CREATE FUNCTION name_placement(
            for_merchant text,
            for_location text,
            for_order uuid,
            with_token bigint,
            named_table bigint,
            lease_time interval,
            OUT outcome text,
            OUT lease leases
        ) LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(location_lock_key(for_merchant, for_location));

            DELETE FROM leases
            WHERE merchant_id = for_merchant AND location_id = for_location
                AND state = 'held' AND expires_at <= now();

            SELECT * INTO lease
            FROM leases
            WHERE merchant_id = for_merchant AND location_id = for_location
                AND order_id = for_order AND fencing_token = with_token;
            IF NOT FOUND THEN
                outcome := 'lost';
                RETURN;
            ELSIF lease.table_number IS NOT NULL THEN
                outcome := 'existing';
                RETURN;
            END IF;

            SELECT * INTO lease
            FROM leases
            WHERE merchant_id = for_merchant AND location_id = for_location AND table_number = named_table;
            IF FOUND THEN
                outcome := 'table_held';
                RETURN;
            END IF;

            UPDATE leases
            SET table_number = named_table, expires_at = now() + lease_time
            WHERE merchant_id = for_merchant AND location_id = for_location AND order_id = for_order
                AND fencing_token = with_token AND state = 'held' AND table_number IS NULL
            RETURNING * INTO lease;
            outcome := CASE WHEN FOUND THEN 'granted' ELSE 'lost' END;
        END
        $$;

        -- Replaces the tables of a section; a table that stood in another section moves here.
        CREATE FUNCTION put_section(
            for_merchant text,
            for_location text,
            to_section text,
            numbers bigint[],
            names text[]
        ) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(location_lock_key(for_merchant, for_location));

            DELETE FROM section_tables
            WHERE merchant_id = for_merchant AND location_id = for_location
                AND section_name = to_section AND table_number <> ALL (numbers);

            INSERT INTO section_tables (merchant_id, location_id, section_name, table_number, name)
            SELECT for_merchant, for_location, to_section, listed.table_number, listed.name
            FROM unnest(numbers, names) AS listed (table_number, name)
            ON CONFLICT ON CONSTRAINT section_tables_pkey
            DO UPDATE SET section_name = EXCLUDED.section_name, name = EXCLUDED.name;
        END
        $$;
        """
}
