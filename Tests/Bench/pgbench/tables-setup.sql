-- 200 locations of one merchant with 40 tables each, and nothing else.
SET search_path = table_allocator;
TRUNCATE leases, section_tables, sections, waiters, unsettled_tables, busy_tables, table_usage;
INSERT INTO sections (merchant_id, location_id, name, label)
SELECT 'bench', 'l' || l, 'Terrace', 'Table'
FROM generate_series(1, 200) AS l;
INSERT INTO section_tables (merchant_id, location_id, table_number, section_name, position)
SELECT 'bench', 'l' || l, t, 'Terrace', t
FROM generate_series(1, 200) AS l, generate_series(1, 40) AS t;
VACUUM ANALYZE leases;
VACUUM ANALYZE section_tables;
