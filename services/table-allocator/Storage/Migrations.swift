import Postgres

/// The history of the schema `table_allocator`; a step is never changed once applied, a later one is added.
///
/// Two versions of this service run on one schema side by side, so a function that changes its meaning or its parameters
/// gets a new name (`claim_lease_2`), and the old one stays until nobody calls it.
enum Migrations {
    static let schema = "table_allocator"

    static let all = [
        Migration(version: 1, name: "create_leases", sql: tables + functions)
    ]

    private static let tables = """
        CREATE SEQUENCE fencing_tokens AS bigint;

        -- Every row is a lease: a release deletes it, and an expired one is deleted by the next claim of its location.
        CREATE TABLE leases (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            order_id uuid NOT NULL,
            mode text NOT NULL,
            table_number bigint,
            fencing_token bigint NOT NULL,
            state text NOT NULL,
            is_concluded boolean NOT NULL,
            pins bigint NOT NULL,
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

        CREATE TABLE section_tables (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            section_name text NOT NULL,
            table_number bigint NOT NULL,
            name text NOT NULL,
            CONSTRAINT section_tables_pkey PRIMARY KEY (merchant_id, location_id, table_number),
            CONSTRAINT section_tables_number_positive CHECK (table_number > 0),
            CONSTRAINT section_tables_section_length CHECK (char_length(section_name) BETWEEN 1 AND 25),
            CONSTRAINT section_tables_name_length CHECK (char_length(name) BETWEEN 1 AND 20)
        );

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

        """
}
