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
    /// Fails with `failed_precondition` (`lease_lost`) where the token is not the live one or the lease has expired.
    package static let pin = RPCMethod<LeaseRequest, PinResponse>(
        service,
        "Pin",
        .idempotent,
        summary: "Makes a held lease permanent: the first write to the register is about to be sent."
    )

    /// Gives the table back.
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

    /// Who holds which table of a location, since when.
    package static let listLeases = RPCMethod<ListLeasesRequest, ListLeasesResponse>(
        service,
        "ListLeases",
        .readOnly,
        summary: "Who holds which table of a location, since when."
    )

    /// Sets the tables of a location's section; tables that are no longer listed are taken out of use.
    package static let putSection = RPCMethod<PutSectionRequest, PutSectionResponse>(
        service,
        "PutSection",
        .idempotent,
        summary: "Sets the tables of a location's section."
    )
}
