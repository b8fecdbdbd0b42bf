extension Migrations {
    /// What is left of counted articles (rule K27).
    static let stock = #"""
        CREATE TABLE stock_levels (
            merchant_id text COLLATE "C" NOT NULL,
            location_id text COLLATE "C" NOT NULL,
            plu text COLLATE "C" NOT NULL,
            name text,
            quantity bigint NOT NULL,
            source text NOT NULL CONSTRAINT stock_levels_source_known CHECK (source IN ('register', 'person')),
            actor text,
            at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT stock_levels_pkey PRIMARY KEY (merchant_id, location_id, plu),
            CONSTRAINT stock_levels_actor_of_person CHECK ((source = 'person') = (actor IS NOT NULL))
        );

        -- How each location's last reading went. is_counting: the register has listed an article; it stays so while
        -- readings only ask for what is under a threshold.
        CREATE TABLE stock_readings (
            merchant_id text COLLATE "C" NOT NULL,
            location_id text COLLATE "C" NOT NULL,
            read_at timestamptz NOT NULL,
            levels bigint NOT NULL,
            is_counting boolean NOT NULL,
            CONSTRAINT stock_readings_pkey PRIMARY KEY (merchant_id, location_id)
        );

        """#
}
