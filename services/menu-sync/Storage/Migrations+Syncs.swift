extension Migrations {
    /// Locations as the gateways' feeds name them, what has to go with a deleted one, and imports.
    static let syncs = """
        -- How each location's register is reached, as the gateways' feeds say.
        CREATE TABLE locations (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            gateway text NOT NULL,
            provider text NOT NULL,
            status text NOT NULL,
            version bigint NOT NULL,
            stock_threshold bigint,
            table_section text,
            is_deleted boolean NOT NULL,
            -- When it was connected: where the feed has another instant, a deletion was missed.
            connected_at timestamptz,
            -- The latest wish for an import (sync-menu) that was granted: each is granted once.
            granted_at timestamptz,
            CONSTRAINT locations_pkey PRIMARY KEY (merchant_id, location_id)
        );

        -- Integrations whose menu and sections have to go (rule K5). A row goes when everything is gone; until then the
        -- location is not imported.
        CREATE TABLE removals (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            provider text NOT NULL,
            asked_at timestamptz NOT NULL,
            failures bigint NOT NULL DEFAULT 0,
            run_at timestamptz NOT NULL,
            -- When nobody works any more on an import that was under way, and everything is looked at once more.
            again_at timestamptz,
            CONSTRAINT removals_pkey PRIMARY KEY (merchant_id, location_id, provider)
        );
        CREATE INDEX removals_due ON removals (run_at);

        -- Imports. A worker that has one under way is its only one; the generation tells a worker that was replaced from
        -- the one that replaced it.
        CREATE TABLE syncs (
            sync_id uuid CONSTRAINT syncs_pkey PRIMARY KEY,
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            gateway text NOT NULL,
            provider text NOT NULL,
            state text NOT NULL
                CONSTRAINT syncs_state_known CHECK (state IN (
                    'pending', 'in_progress', 'held', 'planned', 'succeeded', 'failed', 'discarded'
                )),
            trigger text NOT NULL,
            actor text NOT NULL,
            plan_only boolean NOT NULL,
            -- What is done next; what came before is done.
            step text NOT NULL,
            -- Attempts at the step's stage that failed, and workers that vanished during it.
            failures bigint NOT NULL DEFAULT 0,
            takeovers bigint NOT NULL DEFAULT 0,
            run_at timestamptz NOT NULL,
            owner uuid,
            generation bigint NOT NULL DEFAULT 0,
            lease_until timestamptz,
            -- Grows with every change, progress included.
            revision bigint NOT NULL DEFAULT 1,
            stages jsonb NOT NULL,
            findings jsonb NOT NULL,
            plan jsonb,
            base_version bigint,
            -- What a person approved, and who.
            approval jsonb,
            reason text,
            message text NOT NULL,
            menu_version bigint,
            -- Whether something of it may be in staging.
            is_staged boolean NOT NULL DEFAULT false,
            -- The state that the gateway was told last, and when it is told next.
            told_state text,
            tell_at timestamptz NOT NULL,
            tell_failures bigint NOT NULL DEFAULT 0,
            requested_at timestamptz NOT NULL,
            started_at timestamptz,
            ended_at timestamptz
        )
        -- Progress changes a row a few times a second.
        WITH (fillfactor = 60);

        -- Two at once become one.
        CREATE UNIQUE INDEX syncs_one_live ON syncs (merchant_id, location_id) WHERE state IN ('pending', 'in_progress');
        CREATE INDEX syncs_listed ON syncs (merchant_id, location_id, requested_at DESC, sync_id DESC);
        CREATE INDEX syncs_due ON syncs (run_at) WHERE state IN ('pending', 'in_progress');
        CREATE INDEX syncs_untold ON syncs (tell_at) WHERE told_state IS DISTINCT FROM state AND NOT plan_only;
        CREATE INDEX syncs_to_clear ON syncs (ended_at) WHERE is_staged AND ended_at IS NOT NULL;
        CREATE INDEX syncs_ended ON syncs (ended_at) WHERE ended_at IS NOT NULL;

        """
}
