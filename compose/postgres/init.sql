-- One role and one schema for each service; each role owns its schema and sees no other.
--
-- Run by an administrator in the database that the services share, once, and again whenever a password changes:
--     ORDER_ROUTER_PASSWORD=… TABLE_ALLOCATOR_PASSWORD=… … psql -d upvendo -f init.sql
-- Passwords are psql variables, taken from the environment (psql 15 or newer) or given with -v order_router_password=….
-- The services' migrations make the tables; nothing here does.

\set ON_ERROR_STOP on
-- Keeps the statements below, which hold passwords, out of the server's log.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;

\getenv order_router_password ORDER_ROUTER_PASSWORD
\getenv table_allocator_password TABLE_ALLOCATOR_PASSWORD
\getenv kassanet_gateway_password KASSANET_GATEWAY_PASSWORD
\getenv mplus_gateway_password MPLUS_GATEWAY_PASSWORD
\getenv menu_sync_password MENU_SYNC_PASSWORD
\getenv scheduler_password SCHEDULER_PASSWORD

\set missing ''
\if :{?order_router_password} \else \set missing :missing ' ORDER_ROUTER_PASSWORD' \endif
\if :{?table_allocator_password} \else \set missing :missing ' TABLE_ALLOCATOR_PASSWORD' \endif
\if :{?kassanet_gateway_password} \else \set missing :missing ' KASSANET_GATEWAY_PASSWORD' \endif
\if :{?mplus_gateway_password} \else \set missing :missing ' MPLUS_GATEWAY_PASSWORD' \endif
\if :{?menu_sync_password} \else \set missing :missing ' MENU_SYNC_PASSWORD' \endif
\if :{?scheduler_password} \else \set missing :missing ' SCHEDULER_PASSWORD' \endif
SELECT :'missing' <> '' AS is_missing
\gset
\if :is_missing
    \warn Not set, so nothing was changed: :missing
    DO $$ BEGIN RAISE EXCEPTION 'a password is missing'; END $$;
\endif

BEGIN;

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', name)
FROM unnest(ARRAY[
    'order_router', 'table_allocator', 'kassanet_gateway', 'mplus_gateway', 'menu_sync', 'scheduler'
]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE order_router PASSWORD :'order_router_password';
ALTER ROLE table_allocator PASSWORD :'table_allocator_password';
ALTER ROLE kassanet_gateway PASSWORD :'kassanet_gateway_password';
ALTER ROLE mplus_gateway PASSWORD :'mplus_gateway_password';
ALTER ROLE menu_sync PASSWORD :'menu_sync_password';
ALTER ROLE scheduler PASSWORD :'scheduler_password';

-- Nobody gets anything here by being nobody in particular.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database())
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO order_router, table_allocator, kassanet_gateway, mplus_gateway, menu_sync, scheduler', current_database())
\gexec

CREATE SCHEMA IF NOT EXISTS order_router AUTHORIZATION order_router;
CREATE SCHEMA IF NOT EXISTS table_allocator AUTHORIZATION table_allocator;
CREATE SCHEMA IF NOT EXISTS kassanet_gateway AUTHORIZATION kassanet_gateway;
CREATE SCHEMA IF NOT EXISTS mplus_gateway AUTHORIZATION mplus_gateway;
CREATE SCHEMA IF NOT EXISTS menu_sync AUTHORIZATION menu_sync;
CREATE SCHEMA IF NOT EXISTS scheduler AUTHORIZATION scheduler;

COMMIT;
