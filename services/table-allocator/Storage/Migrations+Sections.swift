extension Migrations {
    static let sections = """
        -- Replaces the tables of a section. outcome: done, name_taken (by other_section), of_integration (the section's
        -- provider is another than the caller), table_of_integration (other_table belongs to such a section).
        CREATE FUNCTION put_section(
            for_merchant text,
            for_location text,
            to_section text,
            by_provider text,
            with_label text,
            numbers bigint[],
            names text[],
            OUT outcome text,
            OUT other_section text,
            OUT other_table bigint
        ) LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
            known sections;
            is_known boolean;
        BEGIN
            PERFORM pg_advisory_xact_lock(location_lock_key(for_merchant, for_location));

            SELECT * INTO known
            FROM sections
            WHERE merchant_id = for_merchant AND location_id = for_location AND lower(name) = lower(to_section);
            is_known := FOUND;
            IF is_known AND (known.name <> to_section OR (by_provider IS NOT NULL AND known.provider IS DISTINCT FROM by_provider)) THEN
                outcome := 'name_taken';
                other_section := known.name;
                RETURN;
            END IF;
            -- By hand the tables of an integration can be named, and neither added nor taken away.
            IF is_known AND known.provider IS NOT NULL AND by_provider IS NULL AND (
                EXISTS (
                    SELECT FROM section_tables
                    WHERE merchant_id = for_merchant AND location_id = for_location AND section_name = to_section
                        AND table_number <> ALL (numbers)
                )
                OR cardinality(numbers) <> (
                    SELECT count(*)
                    FROM section_tables
                    WHERE merchant_id = for_merchant AND location_id = for_location AND section_name = to_section
                )
            ) THEN
                outcome := 'of_integration';
                RETURN;
            END IF;
            SELECT moved.table_number, owner.name INTO other_table, other_section
            FROM section_tables AS moved
            JOIN sections AS owner
                ON owner.merchant_id = moved.merchant_id AND owner.location_id = moved.location_id
                    AND owner.name = moved.section_name
            WHERE moved.merchant_id = for_merchant AND moved.location_id = for_location
                AND moved.table_number = ANY (numbers) AND moved.section_name <> to_section
                AND owner.provider IS NOT NULL AND owner.provider IS DISTINCT FROM by_provider
            LIMIT 1;
            IF FOUND THEN
                outcome := 'table_of_integration';
                RETURN;
            END IF;

            INSERT INTO sections (merchant_id, location_id, name, provider, label)
            VALUES (for_merchant, for_location, to_section, by_provider, coalesce(with_label, 'Table'))
            ON CONFLICT ON CONSTRAINT sections_pkey
            DO UPDATE SET label = coalesce(with_label, sections.label);

            DELETE FROM section_tables
            WHERE merchant_id = for_merchant AND location_id = for_location
                AND section_name = to_section AND table_number <> ALL (numbers);

            -- An import without a name leaves the one that people chose.
            INSERT INTO section_tables (merchant_id, location_id, table_number, section_name, position, custom_name)
            SELECT for_merchant, for_location, listed.table_number, to_section, listed.position, listed.custom_name
            FROM unnest(numbers, names) WITH ORDINALITY AS listed (table_number, custom_name, position)
            ON CONFLICT ON CONSTRAINT section_tables_pkey
            DO UPDATE SET section_name = EXCLUDED.section_name, position = EXCLUDED.position,
                custom_name = CASE
                    WHEN by_provider IS NULL THEN EXCLUDED.custom_name
                    ELSE coalesce(EXCLUDED.custom_name, section_tables.custom_name)
                END;
            outcome := 'done';
        END
        $$;

        -- outcome: done, absent, of_integration.
        CREATE FUNCTION delete_section(
            for_merchant text,
            for_location text,
            the_section text,
            by_provider text,
            OUT outcome text
        ) LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
            known sections;
        BEGIN
            PERFORM pg_advisory_xact_lock(location_lock_key(for_merchant, for_location));

            SELECT * INTO known
            FROM sections
            WHERE merchant_id = for_merchant AND location_id = for_location AND name = the_section;
            IF NOT FOUND THEN
                outcome := 'absent';
            ELSIF known.provider IS DISTINCT FROM by_provider THEN
                outcome := 'of_integration';
            ELSE
                -- What is known of its tables goes with them. Leases, and tables that settle, are about orders and stay.
                DELETE FROM table_usage AS used
                USING section_tables AS gone
                WHERE gone.merchant_id = for_merchant AND gone.location_id = for_location
                    AND gone.section_name = the_section AND used.merchant_id = gone.merchant_id
                    AND used.location_id = gone.location_id AND used.table_number = gone.table_number;
                DELETE FROM busy_tables AS busy
                USING section_tables AS gone
                WHERE gone.merchant_id = for_merchant AND gone.location_id = for_location
                    AND gone.section_name = the_section AND busy.merchant_id = gone.merchant_id
                    AND busy.location_id = gone.location_id AND busy.table_number = gone.table_number;
                DELETE FROM renewed_codes AS old
                USING section_tables AS gone
                WHERE gone.merchant_id = for_merchant AND gone.location_id = for_location
                    AND gone.section_name = the_section AND old.merchant_id = gone.merchant_id
                    AND old.location_id = gone.location_id AND old.table_number = gone.table_number;
                DELETE FROM sections
                WHERE merchant_id = for_merchant AND location_id = for_location AND name = the_section;
                outcome := 'done';
            END IF;
        END
        $$;
        """
}
