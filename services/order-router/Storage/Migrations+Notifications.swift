// What subscribers are told of orders and locations.

extension OrderRouterSchema {
    /// Triggers, because many statements move orders: whatever does is told of, in its own commit.
    ///
    /// Where nobody subscribes they write nothing. New orders are looked at once a statement, since many come in one;
    /// changed ones once a row, since most changes (a claim, a new time) are none to tell of and are left out before a
    /// function is called.
    static let tellOfChanges = #"""
        CREATE FUNCTION order_changed(
            order_id uuid, transaction_id text, content jsonb, state text, previous text, progress jsonb,
            updated_at timestamptz
        ) RETURNS jsonb
        LANGUAGE sql IMMUTABLE AS $event$
            SELECT jsonb_strip_nulls(
                jsonb_build_object(
                    'orderId', $1, 'transactionId', $2, 'orderNumber', $3->>'orderNumber', 'state', $4,
                    'previousState', $5, 'reason', $6->>'reason', 'revision', (extract(epoch FROM $7) * 1000000)::bigint
                )
            )
        $event$;

        CREATE FUNCTION tell_of_new_orders() RETURNS trigger
        LANGUAGE plpgsql SET search_path FROM CURRENT AS $tell$
        BEGIN
            IF EXISTS (SELECT FROM notification_subscribers) THEN
                PERFORM notify(
                    o.merchant_id, o.location_id, 'order.changed',
                    order_changed(o.order_id, o.transaction_id, o.content, o.state, NULL, o.progress, o.updated_at)
                )
                FROM arrived o;
            END IF;
            RETURN NULL;
        END
        $tell$;
        CREATE TRIGGER orders_arrived AFTER INSERT ON orders REFERENCING NEW TABLE AS arrived
            FOR EACH STATEMENT EXECUTE FUNCTION tell_of_new_orders();

        CREATE FUNCTION tell_of_changed_order() RETURNS trigger
        LANGUAGE plpgsql SET search_path FROM CURRENT AS $tell$
        BEGIN
            IF EXISTS (SELECT FROM notification_subscribers) THEN
                PERFORM notify(
                    NEW.merchant_id, NEW.location_id, 'order.changed',
                    order_changed(
                        NEW.order_id, NEW.transaction_id, NEW.content, NEW.state, OLD.state, NEW.progress, NEW.updated_at
                    )
                );
            END IF;
            RETURN NULL;
        END
        $tell$;
        CREATE TRIGGER orders_changed AFTER UPDATE OF state, progress ON orders
            FOR EACH ROW WHEN (
                OLD.state <> NEW.state OR OLD.progress->>'reason' IS DISTINCT FROM NEW.progress->>'reason'
            )
            EXECUTE FUNCTION tell_of_changed_order();

        CREATE FUNCTION tell_of_location() RETURNS trigger
        LANGUAGE plpgsql SET search_path FROM CURRENT AS $tell$
        BEGIN
            PERFORM notify(
                NEW.merchant_id, NEW.location_id, 'location.changed',
                jsonb_build_object(
                    'provider', NEW.provider, 'status', NEW.status, 'epoch', NEW.epoch, 'isDeleted', NEW.is_deleted,
                    'isPaused', NEW.paused_at IS NOT NULL
                )
            );
            RETURN NULL;
        END
        $tell$;
        CREATE TRIGGER routes_arrived AFTER INSERT ON routes
            FOR EACH ROW WHEN (NOT NEW.is_deleted)
            EXECUTE FUNCTION tell_of_location();
        CREATE TRIGGER routes_changed AFTER UPDATE OF provider, status, is_deleted, paused_at ON routes
            FOR EACH ROW WHEN (
                (OLD.provider, OLD.status, OLD.is_deleted, OLD.paused_at)
                    IS DISTINCT FROM (NEW.provider, NEW.status, NEW.is_deleted, NEW.paused_at)
            )
            EXECUTE FUNCTION tell_of_location();
        """#
}
