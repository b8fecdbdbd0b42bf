package import Postgres

/// The outbox of a service, as a step of the service's own schema.
///
/// An event is written by the SQL function `notify`, in the transaction of the change that it tells of, or by
/// ``Notifications/add(_:merchant:location:in:)``, which calls it. Where nobody subscribes to it, nothing is written.
package enum NotificationsSchema {
    /// The step, with the place that it has in the service's list.
    ///
    /// What calls `notify` must not stand before it, except inside the body of a PL/pgSQL function.
    package static func migration(version: Int) -> Migration {
        Migration(version: version, name: "create_notifications", sql: sql)
    }

    private static let sql = #"""
        -- Who is told of what. Written at each start of a process from the setting SUBSCRIBERS, which has the addresses and
        -- the secrets too: those are never stored.
        CREATE TABLE notification_subscribers (
            name text CONSTRAINT notification_subscribers_pkey PRIMARY KEY,
            -- Kinds of events: one, a subject with all of its kinds (order.*), or all (*).
            events text[] NOT NULL,
            -- Whose events; * is everybody's.
            merchants text[] NOT NULL
        );

        CREATE TABLE notifications (
            seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT notifications_pkey PRIMARY KEY,
            -- The webhook-id, the same on every attempt and for every subscriber.
            event_id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT notifications_event_once UNIQUE,
            merchant_id text NOT NULL,
            location_id text,
            type text NOT NULL CONSTRAINT notifications_type_is_one CHECK (type ~ '^[a-z_]+[.][a-z_]+$'),
            payload jsonb NOT NULL,
            -- Of two events that one row's lock puts in order, the later one has the later time.
            occurred_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );

        -- One event to one subscriber. Written together with its event and erased together with it, so a foreign key would
        -- cost a look-up and a row lock each and show nothing.
        CREATE TABLE notification_deliveries (
            seq bigint NOT NULL,
            subscriber text NOT NULL,
            merchant_id text NOT NULL,
            state text NOT NULL DEFAULT 'pending'
                CONSTRAINT notification_deliveries_state_known CHECK (state IN ('pending', 'delivered', 'gave_up')),
            -- How often it was begun. The attempt that ends must be the last one that began.
            attempts bigint NOT NULL DEFAULT 0,
            -- How often it was not taken since it is being tried, which says how long to wait.
            failures bigint NOT NULL DEFAULT 0,
            next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            -- Until when the present attempt is its sender's alone.
            leased_until timestamptz,
            ended_at timestamptz,
            last_status bigint,
            last_error text,
            -- The latest attempts and resends, oldest first.
            log jsonb NOT NULL DEFAULT '[]',
            CONSTRAINT notification_deliveries_pkey PRIMARY KEY (seq, subscriber)
        )
        -- Every attempt changes it twice.
        WITH (fillfactor = 80);
        CREATE INDEX notification_deliveries_pending ON notification_deliveries (subscriber, next_attempt_at, seq)
            WHERE state = 'pending';
        CREATE INDEX notification_deliveries_listed ON notification_deliveries (merchant_id, seq DESC, subscriber DESC);
        CREATE INDEX notification_deliveries_given_up
            ON notification_deliveries (merchant_id, seq DESC, subscriber DESC) WHERE state = 'gave_up';

        -- Writes an event, and what is to be sent of it, into the transaction it is called in. The identifiers in the
        -- payload are always those that the event is filed under, so that nobody is told of another's.
        CREATE FUNCTION notify(merchant text, location text, event_type text, payload jsonb) RETURNS void
        LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $notify$
        DECLARE
            receivers text[];
            event bigint;
        BEGIN
            SELECT array_agg(s.name) INTO receivers
            FROM notification_subscribers s
            WHERE ('*' = ANY (s.merchants) OR $1 = ANY (s.merchants))
                AND EXISTS (
                    SELECT
                    FROM unnest(s.events) AS listed (pattern)
                    WHERE listed.pattern IN ('*', $3)
                        OR listed.pattern LIKE '%.*' AND starts_with($3, left(listed.pattern, -1))
                );
            IF receivers IS NULL THEN
                RETURN;
            END IF;
            INSERT INTO notifications (merchant_id, location_id, type, payload)
            VALUES ($1, $2, $3, $4 || jsonb_strip_nulls(jsonb_build_object('merchantId', $1, 'locationId', $2)))
            RETURNING seq INTO event;
            INSERT INTO notification_deliveries (seq, subscriber, merchant_id)
            SELECT event, receiver, $1
            FROM unnest(receivers) AS receiver;
        END
        $notify$;
        """#
}
