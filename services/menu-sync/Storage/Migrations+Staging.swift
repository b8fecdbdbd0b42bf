extension Migrations {
    /// Where a catalogue is kept aside until it is applied.
    ///
    /// The rows are in unlogged tables, which cost no write-ahead log and are empty after a crash of the database;
    /// `stagings` is logged and tells that loss from an empty catalogue.
    static let staging = #"""
        -- One row per import that has something aside. Each stage's outcome is kept, so that a repeated stage answers alike.
        CREATE TABLE stagings (
            sync_id uuid NOT NULL,
            merchant_id text COLLATE "C" NOT NULL,
            location_id text COLLATE "C" NOT NULL,
            -- Of several attempts at reading the register only the latest may add rows.
            attempt uuid NOT NULL,
            begun_at timestamptz NOT NULL DEFAULT now(),
            -- Of the whole catalogue; absent while it is still being read.
            staged_at timestamptz,
            products bigint,
            categories bigint,
            selections bigint,
            categories_outcome jsonb,
            products_outcome jsonb,
            display_groups_outcome jsonb,
            -- Where products of unknown categories go.
            fallback_category text COLLATE "C",
            provider text,
            plan_base bigint,
            plan jsonb,
            CONSTRAINT stagings_pkey PRIMARY KEY (sync_id)
        );

        CREATE INDEX stagings_location ON stagings (merchant_id, location_id);

        CREATE UNLOGGED TABLE staged_products (
            sync_id uuid NOT NULL,
            position bigint NOT NULL,
            plu text COLLATE "C" NOT NULL,
            price_cents bigint NOT NULL,
            tax_basis_points bigint,
            sort_order bigint,
            combination uuid,
            name text NOT NULL,
            kitchen_name text,
            category_id text COLLATE "C"
        );

        CREATE INDEX staged_products_plu ON staged_products (sync_id, plu);

        CREATE UNLOGGED TABLE staged_categories (
            sync_id uuid NOT NULL,
            position bigint NOT NULL,
            external_id text COLLATE "C" NOT NULL,
            name text NOT NULL,
            parent_id text COLLATE "C",
            sort_order bigint
        );

        CREATE INDEX staged_categories_sync ON staged_categories (sync_id);

        CREATE UNLOGGED TABLE staged_selections (
            sync_id uuid NOT NULL,
            position bigint NOT NULL,
            external_id text COLLATE "C" NOT NULL,
            name text NOT NULL,
            sort_order bigint,
            plus text[] COLLATE "C" NOT NULL
        );

        CREATE INDEX staged_selections_sync ON staged_selections (sync_id);

        -- Modifier groups by a digest of their content: equal groups have one digest (rule K23). A group may be here twice.
        CREATE UNLOGGED TABLE staged_groups (
            sync_id uuid NOT NULL,
            digest uuid NOT NULL,
            external_id text COLLATE "C" NOT NULL,
            name text NOT NULL,
            minimum bigint NOT NULL,
            maximum bigint,
            modifiers jsonb NOT NULL
        );

        CREATE INDEX staged_groups_sync ON staged_groups (sync_id);

        -- The lists of groups that products have, each list once or more; products name them by a digest of their own.
        CREATE UNLOGGED TABLE staged_combinations (
            sync_id uuid NOT NULL,
            combination uuid NOT NULL,
            digests uuid[] NOT NULL
        );

        CREATE INDEX staged_combinations_sync ON staged_combinations (sync_id);

        -- The same lists with the ids of the merged groups.
        CREATE UNLOGGED TABLE arranged_combinations (
            sync_id uuid NOT NULL,
            combination uuid NOT NULL,
            group_ids text[] COLLATE "C" NOT NULL,
            CONSTRAINT arranged_combinations_pkey PRIMARY KEY (sync_id, combination)
        );

        -- Categories, modifier groups and display groups as they will stand in the menu; and which placeholders were dropped.
        CREATE UNLOGGED TABLE arranged_parts (
            sync_id uuid NOT NULL,
            kind text COLLATE "C" NOT NULL,
            external_id text COLLATE "C" NOT NULL,
            name text NOT NULL,
            content jsonb NOT NULL,
            CONSTRAINT arranged_parts_pkey PRIMARY KEY (sync_id, kind, external_id)
        );

        -- Items as they will stand in the menu, put together when they are read: 200,000 rows are not written twice.
        CREATE VIEW arranged_items AS
        SELECT p.sync_id, p.plu, p.price_cents, p.tax_basis_points, p.sort_order, p.name, p.kitchen_name,
            CASE WHEN p.category_id IS NOT NULL THEN coalesce(c.external_id, s.fallback_category) END AS category_id,
            g.group_ids
        FROM staged_products AS p
        JOIN stagings AS s ON s.sync_id = p.sync_id
        LEFT JOIN arranged_parts AS c
            ON c.sync_id = p.sync_id AND c.kind = 'category' AND c.external_id = p.category_id
        LEFT JOIN arranged_combinations AS g ON g.sync_id = p.sync_id AND g.combination = p.combination;

        """#
}
