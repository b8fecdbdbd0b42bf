import Contracts
import Foundation
import Logging
import RPC

/// Menus as guests see them, and what merchants change in them.
extension MenuSyncService {
    func getMenu(_ request: GetMenuRequest, _ context: CallContext) async throws -> GetMenuResponse {
        let size = try Self.pageSize(
            request.pageSize,
            request.cursor,
            in: MenuLimits.menuPageSize,
            default: 1000
        )
        var check = RequestCheck()
        check.number("version", request.version, MenuLimits.version)
        check.text("ifNoneMatch", request.ifNoneMatch, MenuLimits.etag)
        try check.end()
        let cursor = try request.cursor.map { text in
            guard let cursor = MenuCursor(text) else { throw MenuError.malformedCursor }
            return cursor
        }
        return try await menus.page(
            MenuKey(request.merchantId, request.locationId),
            version: request.version,
            ifNoneMatch: request.ifNoneMatch,
            after: cursor,
            limit: size
        )
    }

    func editItem(_ request: EditItemRequest, _ context: CallContext) async throws -> EditItemResponse {
        var check = RequestCheck()
        check.text("actor", request.actor, MenuLimits.actor)
        check.text("name", request.name, MenuLimits.name)
        check.text("description", request.description, MenuLimits.description)
        check.text("imageUrl", request.imageUrl, MenuLimits.imageURL)
        check.number("sortOrder", request.sortOrder, MenuLimits.sortOrder)
        check.count("giveBack", request.giveBack?.count, MenuLimits.giveBack)
        let giveBack = Set(check.known("giveBack", request.giveBack))
        if let address = request.imageUrl, !Self.isHTTPS(address) {
            check.add("imageUrl", "is no https address", accepted: "https://host/path")
        }
        for (field, isSet) in [
            (EditableField.name, request.name != nil), (.description, request.description != nil),
            (.imageUrl, request.imageUrl != nil), (.sortOrder, request.sortOrder != nil),
        ] where isSet && giveBack.contains(field) {
            check.add("giveBack", "names \(field.rawValue), which has a new value too", accepted: "one of both")
        }
        try check.end()
        let key = MenuKey(request.merchantId, request.locationId)
        let response = try await menus.edit(
            key,
            item: request.itemId,
            ItemEdit(
                name: request.name,
                description: request.description,
                imageURL: request.imageUrl,
                sortOrder: request.sortOrder,
                giveBack: giveBack
            ),
            actor: request.actor
        )
        if response.changed { announce() }
        return response
    }

    private static func isHTTPS(_ text: String) -> Bool {
        guard let url = URL(string: text), url.scheme == "https", let host = url.host() else { return false }
        return !host.isEmpty && url.user() == nil && !text.unicodeScalars.contains { $0.value <= 0x20 }
    }

    func listVersions(_ request: ListVersionsRequest, _ context: CallContext) async throws -> ListVersionsResponse {
        let size = try Self.pageSize(request.pageSize, request.cursor)
        let before = try request.cursor.map { text in
            guard let version = Int(text), MenuLimits.version.contains(version) else {
                throw MenuError.malformedCursor
            }
            return version
        }
        let key = MenuKey(request.merchantId, request.locationId)
        let page = try await menus.versions(key, before: before, limit: size + 1)
        let last = page.count > size ? page[size - 1] : nil
        return ListVersionsResponse(versions: Array(page.prefix(size)), nextCursor: last.map { "\($0.version)" })
    }

    func rollbackMenu(_ request: RollbackMenuRequest, _ context: CallContext) async throws -> RollbackMenuResponse {
        var check = RequestCheck()
        check.number("version", request.version, MenuLimits.version)
        check.text("actor", request.actor, MenuLimits.actor)
        try check.end()
        let key = MenuKey(request.merchantId, request.locationId)
        let response = try await menus.rollBack(key, to: request.version, actor: request.actor)
        if response.changed {
            announce()
            context.logger.notice(
                "Menu rolled back",
                metadata: [
                    "location": "\(request.locationId)", "version": "\(request.version)", "actor": "\(request.actor)",
                ]
            )
        }
        return response
    }

    /// A page of an import's plan and the cursor to the next.
    func changes(
        of record: ImportRecord,
        _ kinds: [PlanChangeKind],
        _ cursor: String?,
        _ size: Int
    ) async throws -> (changes: [PlanChange], next: String?) {
        let after = try cursor.map { text in
            guard let cursor = PlanCursor(text) else { throw SyncError.malformedCursor }
            return cursor
        }
        let page = try await plans.changes(record.id, record.key, kinds: kinds, after: after, limit: size + 1)
        let last = page.count > size ? page[size - 1] : nil
        return (Array(page.prefix(size)), last.flatMap { PlanCursor(after: $0)?.text })
    }
}
