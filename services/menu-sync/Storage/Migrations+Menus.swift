extension Migrations {
    /// Menus, their versions and what merchants changed.
    ///
    /// The content of a version is the rows with `from_version <= version` and `to_version` absent or greater.
    static let menus = #"""
        -- Our own id of a menu entry: the same for the same register's id, so an item that comes back has its id again.
        -- Agrees with EntryID in Swift.
        CREATE FUNCTION entry_id(merchant text, location text, provider text, kind text, external_id text) RETURNS uuid
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
            SELECT overlay(
                overlay(
                    md5(merchant || '/' || location || '/' || provider || '/' || kind || '/' || external_id)
                    PLACING '3' FROM 13
                ) PLACING '8' FROM 17
            )::uuid
        $$;

        -- menu_id is another one after a deletion, so that nothing a reader kept of the old menu fits the new one.
        CREATE TABLE menus (
            merchant_id text COLLATE "C" NOT NULL,
            location_id text COLLATE "C" NOT NULL,
            menu_id uuid NOT NULL DEFAULT gen_random_uuid(),
            provider text NOT NULL,
            current_version bigint NOT NULL,
            edits_revision bigint NOT NULL DEFAULT 0,
            -- When the register's catalogue was last known to be this menu.
            as_of timestamptz NOT NULL,
            CONSTRAINT menus_pkey PRIMARY KEY (merchant_id, location_id)
        );

        -- Where a menu was deleted: the number that its deletion was told under. The next menu goes on from there, so the
        -- versions of a location never go back.
        CREATE TABLE deleted_menus (
            merchant_id text COLLATE "C" NOT NULL,
            location_id text COLLATE "C" NOT NULL,
            last_version bigint NOT NULL,
            CONSTRAINT deleted_menus_pkey PRIMARY KEY (merchant_id, location_id)
        );

        CREATE TABLE versions (
            merchant_id text COLLATE "C" NOT NULL,
            location_id text COLLATE "C" NOT NULL,
            version bigint NOT NULL CONSTRAINT versions_version_positive CHECK (version > 0),
            applied_at timestamptz NOT NULL DEFAULT now(),
            as_of timestamptz NOT NULL,
            sync_id uuid,
            rollback_of bigint,
            actor text NOT NULL,
            added bigint NOT NULL,
            changed bigint NOT NULL,
            removed bigint NOT NULL,
            item_count bigint NOT NULL,
            CONSTRAINT versions_pkey PRIMARY KEY (merchant_id, location_id, version),
            CONSTRAINT versions_one_per_sync UNIQUE (sync_id),
            CONSTRAINT versions_origin CHECK ((sync_id IS NULL) <> (rollback_of IS NULL))
        );

        -- One index on purpose: a version writes as many rows as items change, and each index costs as much as the row.
        CREATE TABLE items (
            merchant_id text COLLATE "C" NOT NULL,
            location_id text COLLATE "C" NOT NULL,
            plu text COLLATE "C" NOT NULL,
            from_version bigint NOT NULL,
            to_version bigint,
            price_cents bigint NOT NULL,
            tax_basis_points bigint,
            sort_order bigint,
            name text NOT NULL,
            kitchen_name text,
            category_id text COLLATE "C",
            group_ids text[] COLLATE "C",
            CONSTRAINT items_pkey PRIMARY KEY (merchant_id, location_id, plu, from_version),
            CONSTRAINT items_versions_in_order CHECK (to_version > from_version)
        );

        -- Everything of a menu that is no item: some dozens of entries, each with its content by kind.
        CREATE TABLE parts (
            merchant_id text COLLATE "C" NOT NULL,
            location_id text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL
                CONSTRAINT parts_kind_known CHECK (kind IN ('category', 'modifier_group', 'display_group')),
            external_id text COLLATE "C" NOT NULL,
            from_version bigint NOT NULL,
            to_version bigint,
            name text NOT NULL,
            content jsonb NOT NULL,
            CONSTRAINT parts_pkey PRIMARY KEY (merchant_id, location_id, kind, external_id, from_version),
            CONSTRAINT parts_versions_in_order CHECK (to_version > from_version)
        );

        -- What merchants chose in place of the register's (rule K25). No import touches it; it outlives its item.
        CREATE TABLE item_edits (
            merchant_id text COLLATE "C" NOT NULL,
            location_id text COLLATE "C" NOT NULL,
            plu text COLLATE "C" NOT NULL,
            name text,
            name_by text,
            name_at timestamptz,
            description text,
            description_by text,
            description_at timestamptz,
            image_url text,
            image_url_by text,
            image_url_at timestamptz,
            sort_order bigint,
            sort_order_by text,
            sort_order_at timestamptz,
            CONSTRAINT item_edits_pkey PRIMARY KEY (merchant_id, location_id, plu)
        );

        -- What changes between two entries, field by field, each value as JSON; in the order of the fields' names.
        CREATE FUNCTION field_changes(before jsonb, after jsonb) RETURNS jsonb
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT coalesce(
                jsonb_agg(
                    jsonb_strip_nulls(
                        jsonb_build_object('field', key, 'old', b.value::text, 'new', a.value::text)
                    )
                    ORDER BY key COLLATE "C"
                ),
                '[]'
            )
            FROM jsonb_each(jsonb_strip_nulls(before)) AS b
            FULL JOIN jsonb_each(jsonb_strip_nulls(after)) AS a USING (key)
            WHERE a.value IS DISTINCT FROM b.value
        $$;

        """#
}
