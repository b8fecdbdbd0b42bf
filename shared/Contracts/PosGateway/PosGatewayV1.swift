package import RPC

/// What every gateway serves, whatever register stands behind it.
///
/// Capabilities steer the caller; no vendor's name does.
///
/// **Writes** (`PlaceOrder`, `SettleBill`, `PostDeposit`) carry an `attemptId` and an absolute `notAfter`. The gateway
/// commits the attempt before it sends, executes it at most once, and starts no send that could outlast `notAfter`.
/// How it ended is always an ``AttemptReport``, never an error: errors mean that the call itself went wrong, and then
/// `GetAttempt` tells.
package enum PosGatewayV1 {
    package static let service = "upvendo.pos.v1.PosGateway"

    /// Sends an order to the register.
    ///
    /// May report that the bill is settled with it, where the register does both.
    package static let placeOrder = RPCMethod<PlaceOrderRequest, AttemptReport>(
        service,
        "PlaceOrder",
        .notIdempotent,
        summary: "Sends an order to the register, at most once."
    )

    /// Pays the bill of a table.
    ///
    /// The amount must be the bill's own.
    package static let settleBill = RPCMethod<PayRequest, AttemptReport>(
        service,
        "SettleBill",
        .notIdempotent,
        summary: "Pays the bill of a table, at most once."
    )

    /// Puts money on the bill of a table and leaves the bill open.
    package static let postDeposit = RPCMethod<PayRequest, AttemptReport>(
        service,
        "PostDeposit",
        .notIdempotent,
        summary: "Puts money on the bill of a table and leaves the bill open, at most once."
    )

    /// How a write ended.
    ///
    /// For an attempt that never arrived this also makes sure that it never will be executed.
    package static let getAttempt = RPCMethod<GetAttemptRequest, AttemptReport>(
        service,
        "GetAttempt",
        .idempotent,
        summary: "How a write ended; one that never arrived is ruled out for good."
    )

    /// Writes as they were kept, in full: what was sent, what was answered, how long it took.
    ///
    /// Asks nothing of the register. Ids that are unknown, or another location's, are left out of the answer.
    package static let listAttempts = RPCMethod<ListAttemptsRequest, ListAttemptsResponse>(
        service,
        "ListAttempts",
        .readOnly,
        summary: "Writes as they were kept: what was sent, what was answered, how long it took."
    )

    /// Reads the register to find out whether an order is on it, after its answer was lost or refused.
    package static let checkPlacement = RPCMethod<CheckPlacementRequest, CheckResponse>(
        service,
        "CheckPlacement",
        .idempotent,
        summary: "Reads the register to find out whether an order is on it."
    )

    /// Reads the register to find out whether a payment was taken, after its answer was lost or refused.
    package static let checkSettlement = RPCMethod<CheckSettlementRequest, CheckResponse>(
        service,
        "CheckSettlement",
        .idempotent,
        summary: "Reads the register to find out whether a payment was taken."
    )

    /// The bill that is open on a table, and, when asked, what an order of ours has to do with it.
    package static let readBill = RPCMethod<ReadBillRequest, ReadBillResponse>(
        service,
        "ReadBill",
        .readOnly,
        summary: "The bill that is open on a table."
    )

    /// The physical tables the register knows.
    package static let listTables = RPCMethod<LocationRequest, ListTablesResponse>(
        service,
        "ListTables",
        .readOnly,
        summary: "The physical tables the register knows."
    )

    /// A number the register calls free.
    ///
    /// It reserves nothing: the register names the same to everyone.
    package static let askFreeTable = RPCMethod<LocationRequest, AskFreeTableResponse>(
        service,
        "AskFreeTable",
        .readOnly,
        summary: "A number the register calls free; it reserves nothing."
    )

    /// The register's whole catalogue, part by part, as the register gives it.
    ///
    /// The last part has the summary; a stream without one is not the whole. Nothing is sent while the register makes up
    /// its answer, which may take it minutes.
    package static let readCatalog = RPCStream<LocationRequest, CatalogPart>(
        service,
        "ReadCatalog",
        .readOnly,
        maxElementBytes: 4 * 1024 * 1024,
        idleLimit: .seconds(330),
        summary: "The register's catalogue, in parts, while it arrives."
    )

    /// What is left of the articles that the register counts (rule K27).
    package static let readStock = RPCMethod<ReadStockRequest, ReadStockResponse>(
        service,
        "ReadStock",
        .readOnly,
        summary: "What is left of the articles that the register counts."
    )

    /// Tests the connection and updates its status.
    ///
    /// A success starts a new epoch, which lets waiting orders go out.
    package static let testConnection = RPCMethod<LocationRequest, TestConnectionResponse>(
        service,
        "TestConnection",
        .idempotent,
        summary: "Tests the connection and updates its status."
    )

    /// The connections that changed since a version, oldest change first, deleted ones included.
    package static let listConnections = RPCMethod<ListConnectionsRequest, ListConnectionsResponse>(
        service,
        "ListConnections",
        .readOnly,
        summary: "The connections that changed since a version, deleted ones included."
    )

    /// Writes down how the location's import stands, for the backoffice to show (rule K10).
    ///
    /// The last call stands.
    package static let recordSync = RPCMethod<RecordSyncRequest, RecordSyncResponse>(
        service,
        "RecordSync",
        .idempotent,
        summary: "Writes down how a menu sync of the location stands."
    )

    /// Writes a line into the location's activity log (rule K11).
    package static let recordActivity = RPCMethod<RecordActivityRequest, RecordActivityResponse>(
        service,
        "RecordActivity",
        .idempotent,
        summary: "Writes a line into the location's activity log."
    )
}
