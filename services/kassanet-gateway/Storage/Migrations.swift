import Postgres

/// The schema of kassanet-gateway, step by step.
///
/// Forward only; an applied step is never changed.
enum KassanetGatewaySchema {
    static let name = "kassanet_gateway"

    static let migrations = [
        Migration(version: 1, name: "create_connections_attempts_activity", sql: createConnectionsAttemptsActivity)
    ]

    private static let createConnectionsAttemptsActivity = #"""
        -- One row per location: a location has one Kassanet provider (rule K6). A deleted connection stays as a tombstone
        -- for those who follow the feed, without its credentials.
        CREATE TABLE connections (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            provider text NOT NULL CONSTRAINT connections_provider_known CHECK (provider IN ('hendrickx', 'vanhoutte')),
            credentials bytea,
            credentials_key text,
            settings jsonb NOT NULL,
            status text NOT NULL DEFAULT 'untested'
                CONSTRAINT connections_status_known
                CHECK (status IN ('untested', 'connected', 'disconnected', 'misconfigured')),
            status_message text NOT NULL DEFAULT '',
            tested_at timestamptz,
            epoch bigint NOT NULL DEFAULT 1,
            version bigint NOT NULL,
            takes_tips boolean NOT NULL DEFAULT false,
            payment_number bigint,
            payment_name text,
            sync_status jsonb,
            sync_requested_at timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            deleted_at timestamptz,
            CONSTRAINT connections_pkey PRIMARY KEY (merchant_id, location_id),
            CONSTRAINT connections_have_credentials CHECK (deleted_at IS NOT NULL OR credentials IS NOT NULL)
        );
        CREATE UNIQUE INDEX connections_by_version ON connections (version);

        -- Versions are given out under a lock that is held until the commit, so whoever has seen version n has seen
        -- everything below it. Changes to connections are rare; this is not on the path of an order.
        CREATE SEQUENCE feed_version;
        CREATE FUNCTION next_feed_version() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || '/feed', 0));
            RETURN nextval('feed_version');
        END
        $$;

        -- A write towards a register, kept before it is sent. At most one execution per id, for ever.
        CREATE TABLE attempts (
            attempt_id uuid CONSTRAINT attempts_pkey PRIMARY KEY,
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            operation text NOT NULL
                CONSTRAINT attempts_operation_known
                CHECK (operation IN ('place_order', 'settle_bill', 'post_deposit', 'unknown')),
            table_number bigint,
            -- Provider and address of the register it goes to: a read of another register proves nothing.
            register text,
            -- What is sent, without credentials and guest data. It stands before what the outcome changes, so that the
            -- outcome's update need not write it to the log again.
            request text CONSTRAINT attempts_request_bounded CHECK (octet_length(request) <= 4096),
            state text NOT NULL
                CONSTRAINT attempts_state_known CHECK (state IN ('sending', 'done', 'refused', 'not_sent', 'no_answer')),
            instance uuid NOT NULL,
            not_after timestamptz NOT NULL,
            reason text,
            explanation text,
            register_message text,
            request_id text,
            sends bigint NOT NULL DEFAULT 0,
            http_status bigint,
            duration_ms bigint,
            unchanged_since timestamptz,
            answer text CONSTRAINT attempts_answer_bounded CHECK (octet_length(answer) <= 4096),
            created_at timestamptz NOT NULL DEFAULT now(),
            finished_at timestamptz
        )
        -- Room for the outcome on the same page.
        WITH (fillfactor = 70);
        CREATE INDEX attempts_by_location ON attempts (merchant_id, location_id, created_at);
        -- For deleting the oldest of all.
        CREATE INDEX attempts_by_age ON attempts (created_at);

        -- What a restaurant owner reads: the newest 100 per location (rule K11).
        CREATE TABLE activity (
            activity_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT activity_pkey PRIMARY KEY,
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            at timestamptz NOT NULL,
            type text NOT NULL CONSTRAINT activity_type_known CHECK (type IN ('success', 'error', 'info')),
            message text NOT NULL
        );
        CREATE INDEX activity_by_location ON activity (merchant_id, location_id, activity_id);

        -- An entry equal to the newest in type and message only updates its time (rule K11). The lock comes first and in a
        -- statement of its own, so that the newest entry is seen as it is after waiting.
        CREATE FUNCTION record_activity(merchant text, location text, entry_type text, entry_message text)
        RETURNS void LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
            newest activity%ROWTYPE;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || '/activity/' || merchant || '/' || location, 0));
            SELECT * INTO newest
            FROM activity a
            WHERE a.merchant_id = merchant AND a.location_id = location
            ORDER BY a.activity_id DESC
            LIMIT 1;
            IF newest.type = entry_type AND newest.message = entry_message THEN
                UPDATE activity SET at = clock_timestamp() WHERE activity_id = newest.activity_id;
                RETURN;
            END IF;
            INSERT INTO activity (merchant_id, location_id, at, type, message)
            VALUES (merchant, location, clock_timestamp(), entry_type, entry_message);
            DELETE FROM activity a
            WHERE a.merchant_id = merchant AND a.location_id = location AND a.activity_id <= (
                SELECT b.activity_id
                FROM activity b
                WHERE b.merchant_id = merchant AND b.location_id = location
                ORDER BY b.activity_id DESC
                OFFSET 100 LIMIT 1
            );
        END
        $$;
        """#
}
