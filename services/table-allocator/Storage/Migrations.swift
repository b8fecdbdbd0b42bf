package import Postgres

/// The history of the schema `table_allocator`; a step is never changed once applied, a later one is added.
///
/// Two versions of this service run on one schema side by side, so a function that changes its meaning or its parameters
/// gets a new name (`claim_lease_2`), and the old one stays until nobody calls it.
package enum Migrations {
    package static let schema = "table_allocator"

    package static let all = [
        Migration(version: 1, name: "create_leases", sql: leaseTables + sectionTables + functions)
    ]

    /// Every function, each of which a test may replace by a broken one.
    package static let functions = keys + freeTables + waiting + claim + leaseEnds + sections + sweeping

    private static let leaseTables = """
        CREATE SEQUENCE fencing_tokens AS bigint;

        -- Every row is a lease: a release deletes it. One that has expired is worth nothing, and its row goes when its
        -- table, its place or its order is asked for again, or at the next sweep.
        CREATE TABLE leases (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            order_id uuid NOT NULL,
            mode text NOT NULL,
            table_number bigint,
            fencing_token bigint NOT NULL,
            state text NOT NULL,
            is_concluded boolean NOT NULL,
            since timestamptz NOT NULL,
            expires_at timestamptz,
            CONSTRAINT leases_pkey PRIMARY KEY (merchant_id, order_id),
            CONSTRAINT leases_mode_known CHECK (mode IN ('named', 'virtual', 'physical')),
            CONSTRAINT leases_number_positive CHECK (table_number > 0),
            CONSTRAINT leases_number_present CHECK (table_number IS NOT NULL OR (mode = 'virtual' AND state = 'held')),
            CONSTRAINT leases_state_known CHECK (state IN ('held', 'pinned')),
            CONSTRAINT leases_only_held_expire CHECK ((state = 'held') = (expires_at IS NOT NULL))
        );

        -- The backstop of everything here. It also serves reading a location's leases, so it is not restricted to rows
        -- with a number: missing numbers never collide.
        CREATE UNIQUE INDEX leases_one_holder_per_table ON leases (merchant_id, location_id, table_number);

        -- The register names one number to everyone until a bill opens: one order at a time may be between.
        CREATE UNIQUE INDEX leases_one_placement_per_location ON leases (merchant_id, location_id)
            WHERE mode = 'virtual' AND NOT is_concluded;

        -- Tables given back while a write to them had no answer. A row goes when the bill was read after settles_at.
        CREATE TABLE unsettled_tables (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            table_number bigint NOT NULL,
            order_id uuid NOT NULL,
            since timestamptz NOT NULL,
            settles_at timestamptz NOT NULL,
            CONSTRAINT unsettled_tables_pkey PRIMARY KEY (merchant_id, location_id, table_number)
        );

        CREATE SEQUENCE waiter_tickets AS bigint;

        -- Orders that asked and got no table. The ticket is their place in the line; one that asks no more loses it.
        CREATE TABLE waiters (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            order_id uuid NOT NULL,
            mode text NOT NULL,
            waits_for text NOT NULL,
            table_number bigint,
            ticket bigint NOT NULL,
            since timestamptz NOT NULL,
            seen_at timestamptz NOT NULL,
            turn_until timestamptz,
            CONSTRAINT waiters_pkey PRIMARY KEY (merchant_id, location_id, order_id),
            CONSTRAINT waiters_waits_for_known CHECK (waits_for IN ('table', 'place', 'register'))
        );

        -- What people did to leases, for those who ask why a table was lost.
        CREATE TABLE forced_releases (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            order_id uuid NOT NULL,
            table_number bigint,
            fencing_token bigint NOT NULL,
            state text NOT NULL,
            since timestamptz NOT NULL,
            released_at timestamptz NOT NULL,
            actor text NOT NULL,
            reason text NOT NULL,
            CONSTRAINT forced_releases_pkey PRIMARY KEY (merchant_id, location_id, fencing_token),
            CONSTRAINT forced_releases_actor_length CHECK (char_length(actor) BETWEEN 1 AND 100),
            CONSTRAINT forced_releases_reason_length CHECK (char_length(reason) BETWEEN 1 AND 500)
        );

        CREATE INDEX forced_releases_by_age ON forced_releases (released_at);

        """

    private static let sectionTables = """
        CREATE TABLE sections (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            name text NOT NULL,
            provider text,
            label text NOT NULL,
            CONSTRAINT sections_pkey PRIMARY KEY (merchant_id, location_id, name),
            CONSTRAINT sections_name_length CHECK (char_length(name) BETWEEN 1 AND 25),
            CONSTRAINT sections_label_length CHECK (char_length(label) BETWEEN 1 AND 10)
        );

        CREATE UNIQUE INDEX sections_name_unique ON sections (merchant_id, location_id, lower(name));

        CREATE TABLE section_tables (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            table_number bigint NOT NULL,
            section_name text NOT NULL,
            position bigint NOT NULL,
            custom_name text,
            qr_code uuid NOT NULL DEFAULT gen_random_uuid(),
            CONSTRAINT section_tables_pkey PRIMARY KEY (merchant_id, location_id, table_number),
            -- A code that is scanned says nothing but itself.
            CONSTRAINT section_tables_one_table_per_code UNIQUE (qr_code),
            CONSTRAINT section_tables_section_fkey FOREIGN KEY (merchant_id, location_id, section_name)
                REFERENCES sections (merchant_id, location_id, name) ON DELETE CASCADE,
            CONSTRAINT section_tables_number_positive CHECK (table_number > 0),
            CONSTRAINT section_tables_name_length CHECK (char_length(custom_name) BETWEEN 1 AND 20)
        );

        -- Codes that were on tables once; they resolve to nothing.
        CREATE TABLE renewed_codes (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            table_number bigint NOT NULL,
            qr_code uuid NOT NULL,
            renewed_at timestamptz NOT NULL,
            actor text NOT NULL,
            CONSTRAINT renewed_codes_pkey PRIMARY KEY (merchant_id, location_id, table_number, qr_code),
            CONSTRAINT renewed_codes_actor_length CHECK (char_length(actor) BETWEEN 1 AND 100)
        );

        CREATE INDEX renewed_codes_by_age ON renewed_codes (renewed_at);

        -- Tables on which a bill was found that is not ours.
        CREATE TABLE busy_tables (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            table_number bigint NOT NULL,
            busy_until timestamptz NOT NULL,
            CONSTRAINT busy_tables_pkey PRIMARY KEY (merchant_id, location_id, table_number)
        );

        CREATE TABLE table_usage (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            table_number bigint NOT NULL,
            month date NOT NULL,
            uses bigint NOT NULL,
            last_used_at timestamptz NOT NULL,
            CONSTRAINT table_usage_pkey PRIMARY KEY (merchant_id, location_id, table_number, month)
        );

        CREATE INDEX table_usage_by_age ON table_usage (month);

        """
}
