import Contracts
import Foundation
import Postgres
import RPC

/// Keeps the locations as the gateways' feeds tell of them, and with each what is due there.
struct ConnectionStore: Sendable {
    let pool: PostgresPool
    let clock: ScheduleClock
    let checks: CheckTiming
    var dice = Dice.fair

    /// Takes over a connection from a gateway's feed, unless something newer of it is known.
    ///
    /// A location that changes gateways belongs to the one whose connection lives: a tombstone of the old one removes
    /// nothing of the new one.
    func apply(_ connection: PosConnection, gateway: String) async throws {
        try await pool.transaction { transaction in
            let isNews = try await transaction.execute(
                """
                INSERT INTO connections AS c (
                    merchant_id, location_id, gateway, provider, version, status, epoch, time_zone, sync_time, is_deleted
                )
                VALUES (
                    \(connection.merchantId), \(connection.locationId), \(gateway), \(connection.provider),
                    \(connection.version), \(connection.status.knownValue ?? .disconnected), \(connection.epoch),
                    \(connection.timeZone), \(connection.syncTime), \(connection.isDeleted)
                )
                ON CONFLICT (merchant_id, location_id) DO UPDATE
                SET gateway = excluded.gateway, provider = excluded.provider, version = excluded.version,
                    status = excluded.status, epoch = excluded.epoch, time_zone = excluded.time_zone,
                    sync_time = excluded.sync_time, is_deleted = excluded.is_deleted
                WHERE (c.gateway = excluded.gateway AND excluded.version > c.version)
                    OR (c.gateway <> excluded.gateway AND NOT excluded.is_deleted)
                """
            )
            guard isNews > 0 else { return }
            let location = LocationKey(connection.merchantId, connection.locationId)
            if connection.isDeleted {
                try await transaction.execute(
                    """
                    DELETE FROM targets
                    WHERE merchant_id = \(connection.merchantId) AND location_id = \(connection.locationId)
                    """
                )
                return
            }
            let now = try await clock.now(transaction)
            try await planImports(location, connection, now: now, transaction)
            try await planChecks(location, connection, now: now, transaction)
        }
    }

    // MARK: - Daily imports (rule K9)

    /// Plans a location's daily import by its time and zone; a new time holds at once.
    ///
    /// Where an import was due that day already, by the time as it was before, the new time begins on the next day.
    private func planImports(
        _ location: LocationKey,
        _ connection: PosConnection,
        now: Date,
        _ transaction: PostgresTransaction
    ) async throws {
        guard let time = connection.syncTime.flatMap({ DailyTime($0, zone: connection.timeZone) }) else {
            // Turned off. The row stays: it knows when the last import was due.
            try await transaction.execute(
                """
                UPDATE targets
                SET schedule = '', next_due_at = NULL
                WHERE task = \(TaskNames.autoSync) AND merchant_id = \(location.merchantID)
                    AND location_id = \(location.locationID)
                """
            )
            return
        }
        let known = try await transaction.queryOne(
            """
            SELECT schedule, last_due_at
            FROM targets
            WHERE task = \(TaskNames.autoSync) AND merchant_id = \(location.merchantID)
                AND location_id = \(location.locationID)
            FOR UPDATE
            """
        )
        let schedule = DailySchedule.text(time)
        guard try known?["schedule", as: String.self] != schedule else { return }
        var next = time.next(after: now)
        if let last = try known?["last_due_at", as: Date?.self], time.isSameDay(last, next) {
            next = time.next(after: next)
        }
        try await transaction.execute(
            """
            INSERT INTO targets (task, merchant_id, location_id, schedule, next_due_at)
            VALUES (
                \(TaskNames.autoSync), \(location.merchantID), \(location.locationID), \(schedule), \(next)
            )
            ON CONFLICT (task, merchant_id, location_id) DO UPDATE
            SET schedule = excluded.schedule, next_due_at = excluded.next_due_at
            """
        )
    }

    // MARK: - Tests of connections (rule K7)

    /// Plans the tests of a location whose register cannot be used; none for one that can.
    ///
    /// A new epoch, which comes of new credentials and of a test that succeeded, begins again with short pauses.
    private func planChecks(
        _ location: LocationKey,
        _ connection: PosConnection,
        now: Date,
        _ transaction: PostgresTransaction
    ) async throws {
        let status = connection.status.knownValue ?? .disconnected
        guard status != .connected else {
            // Should orders wait there all the same, the next round finds them.
            try await transaction.execute(
                """
                UPDATE targets
                SET schedule = \(Self.schedule(status, connection.epoch)), next_due_at = NULL, level = 0,
                    has_waiting = false
                WHERE task = \(TaskNames.check) AND merchant_id = \(location.merchantID)
                    AND location_id = \(location.locationID)
                """
            )
            return
        }
        let first = now + checks.pause(status, level: 0, hasWaiting: false, dice)
        try await transaction.execute(
            """
            INSERT INTO targets AS t (task, merchant_id, location_id, schedule, next_due_at)
            VALUES (
                \(TaskNames.check), \(location.merchantID), \(location.locationID),
                \(Self.schedule(status, connection.epoch)), \(first)
            )
            ON CONFLICT (task, merchant_id, location_id) DO UPDATE
            SET schedule = excluded.schedule, next_due_at = excluded.next_due_at, level = 0
            WHERE t.schedule <> excluded.schedule OR t.next_due_at IS NULL
            """
        )
    }

    /// What a location's tests are planned by: while that stays, the pauses between them grow.
    private static func schedule(_ status: ConnectionStatus, _ epoch: Int) -> String { "\(status.rawValue) \(epoch)" }

    /// Plans tests where parked orders wait, and wherever a register cannot be used and none is planned.
    ///
    /// `waiting` is `nil` where nobody could say; then it stays as it was.
    ///
    /// - Returns: At how many locations tests are planned now.
    func reconcileChecks(waiting: [LocationKey]?) async throws -> Int {
        try await pool.transaction { transaction in
            let now = try await clock.now(transaction)
            if let waiting {
                try await transaction.execute(
                    """
                    UPDATE targets t
                    SET has_waiting = false,
                        next_due_at = CASE WHEN c.status = 'connected' THEN NULL ELSE t.next_due_at END
                    FROM connections c
                    WHERE t.task = \(TaskNames.check) AND t.has_waiting
                        AND c.merchant_id = t.merchant_id AND c.location_id = t.location_id
                        AND (t.merchant_id, t.location_id) NOT IN (SELECT * FROM \(Self.rows(waiting)))
                    """
                )
                try await transaction.execute(
                    """
                    INSERT INTO targets AS t (task, merchant_id, location_id, schedule, next_due_at, has_waiting)
                    SELECT \(TaskNames.check), c.merchant_id, c.location_id, c.status || ' ' || c.epoch,
                        \(now) + random() * \(checks.backoff.first.interval)::interval, true
                    FROM \(Self.rows(waiting))
                    JOIN connections c USING (merchant_id, location_id)
                    WHERE NOT c.is_deleted AND c.status <> 'misconfigured'
                    ON CONFLICT (task, merchant_id, location_id) DO UPDATE
                    SET next_due_at = LEAST(t.next_due_at, excluded.next_due_at), has_waiting = true
                    WHERE NOT t.has_waiting OR t.next_due_at IS NULL
                    """
                )
            }
            try await transaction.execute(
                """
                INSERT INTO targets AS t (task, merchant_id, location_id, schedule, next_due_at)
                SELECT \(TaskNames.check), c.merchant_id, c.location_id, c.status || ' ' || c.epoch,
                    \(now) + random() * \(checks.backoff.first.interval)::interval
                FROM connections c
                WHERE NOT c.is_deleted AND c.status <> 'connected'
                ON CONFLICT (task, merchant_id, location_id) DO UPDATE
                SET next_due_at = excluded.next_due_at
                WHERE t.next_due_at IS NULL
                """
            )
            return try await planned(TaskNames.check, transaction)
        }
    }

    // MARK: - Stock (rule K27)

    /// Plans the reading of stock at just these locations; those that are read already keep their turn.
    ///
    /// - Returns: At how many.
    func reconcileStock(_ locations: [LocationKey], every interval: Duration) async throws -> Int {
        try await pool.transaction { transaction in
            let now = try await clock.now(transaction)
            try await transaction.execute(
                """
                UPDATE targets
                SET next_due_at = NULL
                WHERE task = \(TaskNames.stock) AND location_id <> '' AND next_due_at IS NOT NULL
                    AND (merchant_id, location_id) NOT IN (SELECT * FROM \(Self.rows(locations)))
                """
            )
            try await transaction.execute(
                """
                INSERT INTO targets AS t (task, merchant_id, location_id, next_due_at)
                SELECT \(TaskNames.stock), c.merchant_id, c.location_id, \(now) + random() * \(interval.interval)::interval
                FROM \(Self.rows(locations))
                JOIN connections c USING (merchant_id, location_id)
                WHERE NOT c.is_deleted
                ON CONFLICT (task, merchant_id, location_id) DO UPDATE
                SET next_due_at = excluded.next_due_at
                WHERE t.next_due_at IS NULL
                """
            )
            return try await planned(TaskNames.stock, transaction)
        }
    }

    // MARK: -

    /// Whether a register is connected at a location.
    func isKnown(_ location: LocationKey) async throws -> Bool {
        try await pool.queryOne(
            """
            SELECT 1
            FROM connections
            WHERE merchant_id = \(location.merchantID) AND location_id = \(location.locationID) AND NOT is_deleted
            """
        ) != nil
    }

    private func planned(_ task: String, _ transaction: PostgresTransaction) async throws -> Int {
        let row = try await transaction.queryOne(
            """
            SELECT count(*) AS n FROM targets WHERE task = \(task) AND location_id <> '' AND next_due_at IS NOT NULL
            """
        )
        return try row?["n", as: Int.self] ?? 0
    }

    /// Locations as a table of that name.
    private static func rows(_ locations: [LocationKey]) -> Query {
        """
        (
            SELECT DISTINCT *
            FROM unnest(\(locations.map(\.merchantID.rawValue)), \(locations.map(\.locationID.rawValue)))
                AS u (merchant_id, location_id)
        ) w
        """
    }
}

/// How often a register that cannot be used is tested (rule K7).
struct CheckTiming: Hashable, Sendable {
    /// The pauses of one that does not answer.
    var backoff: Backoff
    /// The longest pause while orders wait for it.
    var longestWithOrders: Duration
    /// The pause of one that refuses us: a person has to act first.
    var misconfigured: Duration

    /// Seconds until the next test, after so many failures in a row before this one.
    func pause(_ status: ConnectionStatus, level: Int, hasWaiting: Bool, _ dice: Dice) -> Double {
        if status == .misconfigured { return dice.around(misconfigured) }
        let pause = backoff.pause(level: level)
        return dice.around(hasWaiting ? min(pause, max(longestWithOrders, backoff.first)) : pause)
    }
}

extension DailyTime {
    /// Whether two moments are of one day in this zone.
    func isSameDay(_ one: Date, _ other: Date) -> Bool { day(of: one) == day(of: other) }

    private func day(of date: Date) -> Int {
        Int(((date.timeIntervalSince1970 + Double(zone.secondsFromGMT(for: date))) / 86_400).rounded(.down))
    }
}
