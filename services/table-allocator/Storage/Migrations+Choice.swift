extension Migrations {
    /// Keys of advisory locks and months of locations.
    ///
    /// Identifiers hold no slash, so a location's key and a table's key are never made of the same text.
    static let keys = """
        CREATE FUNCTION location_lock_key(for_merchant text, for_location text) RETURNS bigint
        LANGUAGE sql STABLE AS $$
            SELECT hashtextextended(current_schema() || '/' || for_merchant || '/' || for_location, 0)
        $$;

        CREATE FUNCTION table_lock_key(for_merchant text, for_location text, for_table bigint) RETURNS bigint
        LANGUAGE sql STABLE AS $$
            SELECT hashtextextended(
                current_schema() || '/' || for_merchant || '/' || for_location || '/' || for_table, 0
            )
        $$;

        CREATE FUNCTION local_month(at timestamptz, zone text) RETURNS date
        LANGUAGE sql STABLE AS $$
            SELECT date_trunc('month', at AT TIME ZONE zone)::date
        $$;

        """

    /// That no live lease has the table and no write to it is still unsettled, as the statement it stands in sees it.
    ///
    /// An order is not kept from what it wrote to itself: whoever had it go on has looked there.
    ///
    /// Both in one statement: a release that leaves a table unsettled changes both at once, and must not be seen by halves.
    static func isFree(_ table: String) -> String {
        """
        NOT EXISTS (
            SELECT FROM leases AS taken
            WHERE taken.merchant_id = for_merchant AND taken.location_id = for_location
                AND taken.table_number = \(table) AND (taken.state = 'pinned' OR taken.expires_at > now())
        )
        AND NOT EXISTS (
            SELECT FROM unsettled_tables AS unsettled
            WHERE unsettled.merchant_id = for_merchant AND unsettled.location_id = for_location
                AND unsettled.table_number = \(table) AND unsettled.settles_at > now()
                AND unsettled.order_id <> for_order
        )
        """
    }

    /// The tables an order may be given, best first: unused this month, then least recently used.
    ///
    /// A table that somebody waits for by its number is kept for them while their turn lasts.
    static let freeTables = """
        CREATE FUNCTION free_tables(for_merchant text, for_location text, for_order uuid, in_zone text)
        RETURNS TABLE (number bigint, place bigint) LANGUAGE sql STABLE AS $$
            SELECT candidate.table_number,
                row_number() OVER (
                    ORDER BY coalesce(used.month >= local_month(now(), in_zone), false),
                        used.last_used_at NULLS FIRST, candidate.table_number
                )
            FROM section_tables AS candidate
            LEFT JOIN LATERAL (
                SELECT usage.month, usage.last_used_at
                FROM table_usage AS usage
                WHERE usage.merchant_id = for_merchant AND usage.location_id = for_location
                    AND usage.table_number = candidate.table_number
                ORDER BY usage.month DESC
                LIMIT 1
            ) AS used ON true
            WHERE candidate.merchant_id = for_merchant AND candidate.location_id = for_location
                AND \(isFree("candidate.table_number"))
                AND NOT EXISTS (
                    SELECT FROM busy_tables AS busy
                    WHERE busy.merchant_id = for_merchant AND busy.location_id = for_location
                        AND busy.table_number = candidate.table_number AND busy.busy_until > now()
                )
                AND NOT EXISTS (
                    SELECT FROM waiters AS guest
                    WHERE guest.merchant_id = for_merchant AND guest.location_id = for_location
                        AND guest.table_number = candidate.table_number AND guest.order_id <> for_order
                        AND (guest.turn_until IS NULL OR guest.turn_until > now())
                )
        $$;

        """

    /// The line of those who wait.
    static let waiting = """
        -- Puts an order in the line, or notes that it still waits. A location's line has an end: beyond it orders wait
        -- all the same, and without a place.
        CREATE FUNCTION record_waiter(
            for_merchant text,
            for_location text,
            for_order uuid,
            in_mode text,
            wanted_table bigint,
            what text
        ) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            INSERT INTO waiters (
                merchant_id, location_id, order_id, mode, waits_for, table_number, ticket, since, seen_at
            )
            SELECT for_merchant, for_location, for_order, in_mode, what, wanted_table, nextval('waiter_tickets'),
                now(), now()
            WHERE 1000 > (
                SELECT count(*)
                FROM waiters
                WHERE merchant_id = for_merchant AND location_id = for_location AND order_id <> for_order
            )
            ON CONFLICT ON CONSTRAINT waiters_pkey
            DO UPDATE SET mode = EXCLUDED.mode, waits_for = EXCLUDED.waits_for, table_number = EXCLUDED.table_number,
                seen_at = now(), turn_until = NULL
            -- Who asks many times a second does not write as often.
            WHERE waiters.turn_until IS NOT NULL OR waiters.seen_at < now() - interval '1 second'
                OR waiters.waits_for <> EXCLUDED.waits_for
                OR waiters.table_number IS DISTINCT FROM EXCLUDED.table_number;
        END
        $$;

        -- Who may be served by what a lease held: whoever wants that very table, else the first who wants any; and the
        -- first who waits for the place, and for the register, that it kept.
        CREATE FUNCTION next_waiters(for_merchant text, for_location text, ended leases, is_table_free boolean)
        RETURNS uuid[] LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
            chosen uuid[];
        BEGIN
            IF NOT EXISTS (SELECT FROM waiters WHERE merchant_id = for_merchant AND location_id = for_location) THEN
                RETURN ARRAY[]::uuid[];
            END IF;
            SELECT coalesce(array_agg(first.order_id ORDER BY first.ticket), ARRAY[]::uuid[]) INTO chosen
            FROM (
                (
                    SELECT order_id, ticket
                    FROM waiters
                    WHERE merchant_id = for_merchant AND location_id = for_location AND is_table_free
                        AND (table_number = ended.table_number
                            OR mode = 'physical' AND EXISTS (
                                SELECT FROM section_tables AS known
                                WHERE known.merchant_id = for_merchant AND known.location_id = for_location
                                    AND known.table_number = ended.table_number
                            ))
                    ORDER BY mode = 'physical', ticket
                    LIMIT 1
                )
                UNION ALL
                (
                    SELECT order_id, ticket
                    FROM waiters
                    WHERE merchant_id = for_merchant AND location_id = for_location AND ended.mode = 'virtual'
                        AND mode = 'virtual'
                    ORDER BY waits_for = 'register', ticket
                    LIMIT 1
                )
            ) AS first;
            RETURN chosen;
        END
        $$;

        """
}
