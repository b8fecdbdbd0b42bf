package import RPC

/// Brings menus, tables and stock from the registers, and keeps what merchants made of them.
///
/// An import is a plan before it is a change: it is read aside, compared, and applied whole, in one transaction. Every
/// applied plan is a version that can be gone back to.
package enum MenuSyncV1 {
    package static let service = "upvendo.menus.v1.MenuSync"

    /// Begins an import of a location's menu, or joins the one that is under way.
    ///
    /// It answers when the import is stored, not when it is through. An import that was only to be looked at is applied
    /// when a call without `planOnly` joins it. Fails with `not_found` (`unknown_location`), and with
    /// `failed_precondition` (`other_provider_connected`) where `provider` is given and another's register is connected.
    package static let startSync = RPCMethod<StartSyncRequest, StartSyncResponse>(
        service,
        "StartSync",
        .idempotent,
        summary: "Begins an import of a location's menu, or joins the one that is under way."
    )

    /// How an import stands; with `afterRevision`, as soon as that has changed.
    ///
    /// Fails with `not_found` (`unknown_sync`).
    package static let getSync = RPCMethod<GetSyncRequest, SyncResponse>(
        service,
        "GetSync",
        .readOnly,
        summary: "How an import stands, stage by stage."
    )

    package static let listSyncs = RPCMethod<ListSyncsRequest, ListSyncsResponse>(
        service,
        "ListSyncs",
        .readOnly,
        summary: "A page of a location's imports, newest first."
    )

    /// What an import would change, without changing it.
    ///
    /// Fails with `not_found` (`unknown_location`, `unknown_sync`).
    package static let planSync = RPCMethod<PlanSyncRequest, PlanSyncResponse>(
        service,
        "PlanSync",
        .idempotent,
        summary: "What an import would change, field by field, without changing it."
    )

    /// Applies a plan that waits for a person, whole or in part.
    ///
    /// Fails with `failed_precondition` (`no_plan_to_approve`) and, where the menu has changed since the plan was made,
    /// with `aborted` (`plan_outdated`); with `not_found` (`unknown_sync`).
    package static let approvePlan = RPCMethod<ApprovePlanRequest, SyncResponse>(
        service,
        "ApprovePlan",
        .notIdempotent,
        summary: "Applies a plan that waits for a person, whole or in part."
    )

    /// Dismisses a plan that waits for a person; the menu stays as it is.
    package static let discardPlan = RPCMethod<DiscardPlanRequest, SyncResponse>(
        service,
        "DiscardPlan",
        .idempotent,
        summary: "Dismisses a plan that waits for a person; the menu stays as it is."
    )

    /// A location's menu, page by page, all pages of one version.
    ///
    /// Fails with `not_found` (`no_menu`, `unknown_version`) and `aborted` (`menu_changed`: begin again).
    package static let getMenu = RPCMethod<GetMenuRequest, GetMenuResponse>(
        service,
        "GetMenu",
        .readOnly,
        summary: "A location's menu, page by page, all pages of one version."
    )

    /// Changes what is the merchant's in an item, or gives it back to the register (rule K25).
    ///
    /// Fails with `not_found` (`unknown_item`).
    package static let editItem = RPCMethod<EditItemRequest, EditItemResponse>(
        service,
        "EditItem",
        .idempotent,
        summary: "Changes what is the merchant's in an item, or gives it back to the register."
    )

    package static let listVersions = RPCMethod<ListVersionsRequest, ListVersionsResponse>(
        service,
        "ListVersions",
        .readOnly,
        summary: "A page of a menu's versions, newest first."
    )

    /// Makes a new version with the content of an old one.
    ///
    /// Merchants' edits stay. The next import goes by the register again. Fails with `not_found` (`unknown_version`).
    package static let rollbackMenu = RPCMethod<RollbackMenuRequest, RollbackMenuResponse>(
        service,
        "RollbackMenu",
        .idempotent,
        summary: "Makes a new version of the menu with the content of an old one."
    )

    package static let listStock = RPCMethod<ListStockRequest, ListStockResponse>(
        service,
        "ListStock",
        .readOnly,
        summary: "What is left of a location's counted articles."
    )

    package static let adjustStock = RPCMethod<AdjustStockRequest, AdjustStockResponse>(
        service,
        "AdjustStock",
        .notIdempotent,
        summary: "Sets what is left of an article by hand."
    )

    /// Asks the register what is left, now (rule K27).
    ///
    /// Fails as the gateway's `ReadStock` does.
    package static let syncStock = RPCMethod<SyncStockRequest, SyncStockResponse>(
        service,
        "SyncStock",
        .idempotent,
        summary: "Asks the register what is left of the articles that it counts."
    )

    /// The locations whose registers count articles: those whose stock is worth asking for.
    package static let listStockLocations = RPCMethod<ListStockLocationsRequest, ListStockLocationsResponse>(
        service,
        "ListStockLocations",
        .readOnly,
        summary: "The locations whose registers count articles."
    )

    /// Whether lines of an order could be served, from what is known here alone (rule P3).
    ///
    /// Nothing is asked of a register.
    package static let checkItems = RPCMethod<CheckItemsRequest, CheckItemsResponse>(
        service,
        "CheckItems",
        .readOnly,
        summary: "Whether lines of an order could be served, from the last import and the last stock reading."
    )
}
