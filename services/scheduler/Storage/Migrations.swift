import Postgres

/// The schema of scheduler, step by step.
///
/// Forward only; an applied step is never changed.
enum SchedulerSchema {
    static let name = "scheduler"

    static let migrations = [
        Migration(version: 1, name: "create_tasks_targets_runs", sql: createTasksTargetsRuns)
    ]

    private static let createTasksTargetsRuns = #"""
        CREATE TABLE tasks (
            task text CONSTRAINT tasks_pkey PRIMARY KEY,
            -- A person keeps it from running by itself.
            paused_by text,
            paused_reason text,
            paused_at timestamptz
        );

        -- The locations and their registers, as the gateways' feeds say.
        CREATE TABLE connections (
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            gateway text NOT NULL,
            provider text NOT NULL,
            version bigint NOT NULL,
            status text NOT NULL,
            epoch bigint NOT NULL,
            time_zone text NOT NULL,
            sync_time text,
            is_deleted boolean NOT NULL,
            CONSTRAINT connections_pkey PRIMARY KEY (merchant_id, location_id)
        );

        -- What a task is there for: a location each, and the deployment as a whole, whose merchant and location are ''.
        CREATE TABLE targets (
            task text NOT NULL,
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            -- What next_due_at was counted from, to notice when that changes.
            schedule text NOT NULL DEFAULT '',
            -- NULL while it has no turn.
            next_due_at timestamptz,
            last_due_at timestamptz,
            -- Failures in a row.
            level bigint NOT NULL DEFAULT 0,
            -- Parked orders wait there (kassanet:check-and-requeue).
            has_waiting boolean NOT NULL DEFAULT false,
            CONSTRAINT targets_pkey PRIMARY KEY (task, merchant_id, location_id)
        );
        CREATE INDEX targets_due ON targets (next_due_at) WHERE next_due_at IS NOT NULL;

        CREATE TABLE runs (
            run_id uuid CONSTRAINT runs_pkey PRIMARY KEY,
            task text NOT NULL,
            merchant_id text NOT NULL,
            location_id text NOT NULL,
            due_at timestamptz NOT NULL,
            missed bigint NOT NULL DEFAULT 0,
            trigger text NOT NULL CONSTRAINT runs_trigger_known CHECK (trigger IN ('schedule', 'person')),
            actor text,
            parent_run_id uuid,
            -- Runs of one task that must not wait for each other.
            lane bigint NOT NULL DEFAULT 0,
            state text NOT NULL CONSTRAINT runs_state_known CHECK (state IN ('due', 'running', 'done')),
            -- Who has it in hand, until when, and the number that tells a runner from the one that replaced it.
            runner uuid,
            generation bigint NOT NULL DEFAULT 0,
            lease_until timestamptz,
            attempts bigint NOT NULL DEFAULT 0,
            started_at timestamptz,
            ended_at timestamptz,
            outcome text CONSTRAINT runs_outcome_known CHECK (outcome IN ('succeeded', 'failed', 'skipped')),
            reason text,
            explanation text,
            next_action text,
            items jsonb NOT NULL DEFAULT '[]',
            CONSTRAINT runs_done_have_outcome CHECK ((state = 'done') = (outcome IS NOT NULL)),
            -- Who plans a run first has planned it; everybody else finds it there.
            CONSTRAINT runs_once UNIQUE (task, merchant_id, location_id, due_at)
        );
        -- A run never overlaps another of its task and location.
        CREATE UNIQUE INDEX runs_one_open ON runs (task, merchant_id, location_id) WHERE state <> 'done';
        CREATE INDEX runs_due ON runs (task, lane, due_at, run_id) WHERE state = 'due';
        CREATE INDEX runs_running ON runs (runner) WHERE state = 'running';
        CREATE INDEX runs_listed ON runs (due_at DESC, run_id DESC);
        CREATE INDEX runs_listed_by_task ON runs (task, due_at DESC, run_id DESC);
        CREATE INDEX runs_listed_by_location ON runs (merchant_id, location_id, due_at DESC, run_id DESC);
        CREATE INDEX runs_of_parent ON runs (parent_run_id, due_at DESC, run_id DESC) WHERE parent_run_id IS NOT NULL;
        CREATE INDEX runs_failed ON runs (task, due_at DESC, run_id DESC) WHERE outcome = 'failed';
        -- What goes early and what is kept for long, apart: those that are kept are not looked at again and again.
        CREATE INDEX runs_of_locations_ended ON runs (ended_at)
            WHERE state = 'done' AND location_id <> '' AND outcome <> 'failed';
        CREATE INDEX runs_others_ended ON runs (ended_at)
            WHERE state = 'done' AND (location_id = '' OR outcome = 'failed');
        """#
}
