package import RPC

/// Gives each order a table that no other live order has.
package enum TableAllocatorV1 {
    package static let service = "upvendo.tables.v1.TableAllocator"

    /// A table for an order, by the rule of its mode.
    ///
    /// Repeating it for the same order returns the same lease.
    ///
    /// Fails with `failed_precondition` where the order has to wait: `no_free_table`, `table_busy`, `table_in_doubt`;
    /// with `unavailable` (`register_unreachable`) where the register had to be asked and did not answer; with
    /// `failed_precondition` (`register_misconfigured`) where it refused our credentials; with `not_found`
    /// (`unknown_section`) where physical tables are asked for and none are known.
    package static let allocate = RPCMethod<AllocateRequest, AllocateResponse>(
        service,
        "Allocate",
        .idempotent,
        summary: "A table for an order, by the rule of its mode."
    )

    /// Makes a held lease permanent until it is released: the first write to the register is about to be sent.
    ///
    /// In mode `virtual` it also stores the number, which `tableNumber` has to name. Pinning what is pinned changes
    /// nothing. Fails with `failed_precondition`: `lease_lost` where the token is not the live one, the lease has expired,
    /// or it has another number; `table_taken` where another order holds the number by now.
    package static let pin = RPCMethod<LeaseRequest, PinResponse>(
        service,
        "Pin",
        .idempotent,
        summary: "Makes a held lease permanent: the first write to the register is about to be sent."
    )

    /// Gives the table back, or with `ambiguous` gives up the right to write to it.
    ///
    /// Releasing what is already gone is success; another order's lease is never touched.
    package static let release = RPCMethod<LeaseRequest, ReleaseResponse>(
        service,
        "Release",
        .idempotent,
        summary: "Gives the table back."
    )

    /// Tells how placing ended for a lease that stays: the next order of the location may ask the register again.
    package static let concludePlacement = RPCMethod<LeaseRequest, ReleaseResponse>(
        service,
        "ConcludePlacement",
        .idempotent,
        summary: "Tells that placing ended for a lease that stays."
    )

    /// Ends an order's lease by hand; who did it and why is kept.
    ///
    /// The order's token is worth nothing from then on, so whatever it still wants to write fails at `Pin`. The table of a
    /// pinned lease is given again only after the settle delay and a look at its bill.
    package static let forceRelease = RPCMethod<ForceReleaseRequest, ForceReleaseResponse>(
        service,
        "ForceRelease",
        .idempotent,
        summary: "Ends an order's lease by hand; who did it and why is kept."
    )

    /// Who holds which table of a location, who waits, since when, and how crowded it is.
    package static let listLeases = RPCMethod<ListLeasesRequest, ListLeasesResponse>(
        service,
        "ListLeases",
        .readOnly,
        summary: "Who holds which table of a location, who waits, since when."
    )

    /// Sets the tables of a location's section; tables that are no longer listed are taken out of use.
    ///
    /// Fails with `invalid_argument`, each field named; with `already_exists` (`section_name_taken`); with
    /// `failed_precondition` (`section_of_integration`) where an integration keeps the section, or one of the tables, and
    /// the caller is not it. By hand only the names of such a section's tables can be changed.
    package static let putSection = RPCMethod<PutSectionRequest, PutSectionResponse>(
        service,
        "PutSection",
        .idempotent,
        summary: "Sets the tables of a location's section."
    )

    /// A section with its tables; fails with `not_found` (`unknown_section`).
    package static let getSection = RPCMethod<SectionRequest, SectionResponse>(
        service,
        "GetSection",
        .readOnly,
        summary: "A section with its tables."
    )

    /// All sections of a location.
    package static let listSections = RPCMethod<ListSectionsRequest, ListSectionsResponse>(
        service,
        "ListSections",
        .readOnly,
        summary: "All sections of a location."
    )

    /// Deletes a section with its tables, their QR codes and their use; leases last until they are released.
    ///
    /// Deleting what is already gone is success, with `changed` false.
    ///
    /// Fails with `failed_precondition` (`section_of_integration`) where an integration keeps it and the caller is not it.
    package static let deleteSection = RPCMethod<SectionRequest, DeleteSectionResponse>(
        service,
        "DeleteSection",
        .idempotent,
        summary: "Deletes a section with its tables, QR codes and use; leases last until they are released."
    )

    /// Which table a scanned QR code stands on, among the merchants that the caller's token names.
    ///
    /// Fails with `not_found` (`unknown_table_code`) where no table has the code, or no longer.
    package static let resolveTable = RPCMethod<ResolveTableRequest, ResolveTableResponse>(
        service,
        "ResolveTable",
        .readOnly,
        summary: "Which table a scanned QR code stands on."
    )

    /// Gives a table a new QR code in place of one that was copied or abused, which resolves to nothing from then on.
    ///
    /// Repeating it answers with the code the table has now. Fails with `not_found` (`unknown_table_code`) where the table
    /// does not exist or never had the code.
    package static let renewTableCode = RPCMethod<RenewTableCodeRequest, RenewTableCodeResponse>(
        service,
        "RenewTableCode",
        .idempotent,
        summary: "Gives a table a new QR code; the old one resolves to nothing from then on."
    )

    /// Clears away what time has made worthless, a bounded number of rows at a time, of every merchant that the caller's
    /// token names.
    package static let sweepLeases = RPCMethod<SweepLeasesRequest, SweepLeasesResponse>(
        service,
        "SweepLeases",
        .idempotent,
        summary: "Clears away expired leases, forgotten waiters, and history older than it is kept."
    )
}
