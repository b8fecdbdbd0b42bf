import Notifications
import Postgres

/// The schema of order-router, step by step.
///
/// Forward only; an applied step is never changed.
enum OrderRouterSchema {
    static let name = "order_router"

    static let migrations = [
        Migration(version: 1, name: "create_routes_orders_steps", sql: createRoutesOrdersSteps),
        NotificationsSchema.migration(version: 2),
        Migration(version: 3, name: "tell_of_changes", sql: tellOfChanges),
    ]

    private static let createRoutesOrdersSteps = #"""
        -- How each location's register is reached, as the gateways' feeds say, and who works for it now. A worker that
        -- holds a location's lane is the only one that writes to its register; the generation tells a worker that was
        -- replaced from the one that replaced it.
        CREATE TABLE routes (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            gateway text NOT NULL,
            provider text NOT NULL,
            status text NOT NULL,
            epoch bigint NOT NULL,
            version bigint NOT NULL,
            time_zone text NOT NULL,
            table_mode text NOT NULL,
            on_mismatch text NOT NULL,
            capabilities jsonb NOT NULL,
            is_deleted boolean NOT NULL,
            -- When the status was first heard, and when a successful test last was: how old our knowledge is.
            status_since timestamptz NOT NULL DEFAULT now(),
            tested_at timestamptz,
            lane_owner uuid,
            lane_generation bigint NOT NULL DEFAULT 0,
            lane_until timestamptz,
            -- Letting parked orders go: up to which epoch it was begun and when, which order goes first, and whether the
            -- others follow now.
            drained_epoch bigint NOT NULL DEFAULT 0,
            drained_at timestamptz NOT NULL DEFAULT '-infinity',
            probe_order uuid,
            is_draining boolean NOT NULL DEFAULT false,
            -- A person keeps the location's orders from its register.
            paused_by text,
            paused_reason text,
            paused_at timestamptz,
            CONSTRAINT routes_pkey PRIMARY KEY (merchant_id, location_id)
        );
        CREATE INDEX routes_owned ON routes (lane_owner) WHERE lane_owner IS NOT NULL;

        CREATE TABLE orders (
            order_id uuid CONSTRAINT orders_pkey PRIMARY KEY,
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            transaction_id text NOT NULL,
            content jsonb NOT NULL,
            state text NOT NULL
                CONSTRAINT orders_state_known CHECK (state IN (
                    'accepted', 'table_assigned', 'placed', 'bill_read', 'settled', 'delivered', 'parked', 'waiting',
                    'refused', 'unclear', 'placed_unsettled', 'cancelled', 'expired'
                )),
            progress jsonb NOT NULL,
            -- Settlements before what is under way before new placements.
            priority bigint NOT NULL,
            -- When it is to be worked on; NULL leaves the queue.
            run_at timestamptz,
            -- The lane generation of the worker that may change it.
            generation bigint NOT NULL DEFAULT 0,
            accepted_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            delivered_at timestamptz,
            -- When it is too late to send it, if nothing was sent until then.
            expires_at timestamptz NOT NULL DEFAULT 'infinity',
            -- When the guest's data and all notes were taken out of the content.
            guest_erased_at timestamptz,
            -- The idempotency key of SubmitOrder.
            CONSTRAINT orders_transaction_once UNIQUE (merchant_id, transaction_id)
        )
        -- An order is changed about five times within a second. With room on its page, the log has of each change only what
        -- is different, and not the content again.
        WITH (fillfactor = 50);
        CREATE INDEX orders_ready ON orders (merchant_id, location_id, priority, accepted_at, order_id)
            WHERE run_at IS NOT NULL;
        CREATE INDEX orders_listed ON orders (merchant_id, accepted_at DESC, order_id DESC);
        CREATE INDEX orders_listed_by_location ON orders (merchant_id, location_id, accepted_at DESC, order_id DESC);
        -- By state: nearly all orders are delivered, and are listed well enough without an index of their own.
        CREATE INDEX orders_open ON orders (merchant_id, state, accepted_at DESC, order_id DESC)
            WHERE state <> 'delivered';
        CREATE INDEX orders_open_by_location
            ON orders (merchant_id, location_id, state, accepted_at DESC, order_id DESC) WHERE state <> 'delivered';
        CREATE INDEX orders_expiring ON orders (expires_at) WHERE state IN ('accepted', 'waiting', 'parked');
        CREATE INDEX orders_held ON orders (merchant_id, location_id) WHERE state = 'waiting' AND run_at IS NULL;
        CREATE INDEX orders_failing ON orders (merchant_id, location_id)
            WHERE state = 'parked' AND (progress->>'failures')::bigint >= 3;
        CREATE INDEX orders_served ON orders (merchant_id, location_id, delivered_at) WHERE delivered_at IS NOT NULL;
        CREATE INDEX orders_erasable ON orders (updated_at)
            WHERE guest_erased_at IS NULL AND state IN ('delivered', 'refused', 'cancelled', 'expired');

        -- Items without their notes, and so on for what is chosen on them, however deep.
        CREATE FUNCTION without_notes(items jsonb) RETURNS jsonb
        LANGUAGE plpgsql IMMUTABLE STRICT AS $$
        BEGIN
            RETURN (
                SELECT COALESCE(
                    jsonb_agg(
                        CASE WHEN jsonb_typeof(e.item->'modifiers') = 'array'
                            THEN (e.item - 'note') || jsonb_build_object('modifiers', without_notes(e.item->'modifiers'))
                            ELSE e.item - 'note' END
                        ORDER BY e.place
                    ),
                    '[]'
                )
                FROM jsonb_array_elements(items) WITH ORDINALITY AS e (item, place)
            );
        END
        $$;

        -- What happened to an order, a row per checkpoint. Written in the statement that changes the order, and only if it
        -- does, so a foreign key would cost a look-up and a row lock per step and show nothing.
        CREATE TABLE steps (
            order_id uuid NOT NULL,
            step_id bigint GENERATED ALWAYS AS IDENTITY,
            at timestamptz NOT NULL,
            state text NOT NULL,
            action text NOT NULL,
            reason text,
            explanation text,
            duration_ms bigint NOT NULL,
            attempt_id uuid,
            request_id text,
            -- The person who asked for it, and what they said.
            actor text,
            note text,
            CONSTRAINT steps_pkey PRIMARY KEY (order_id, step_id)
        );
        """#
}
