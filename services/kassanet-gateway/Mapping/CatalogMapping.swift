import Contracts

/// Reads entries of a catalogue, each by itself, in the contract's terms.
///
/// An entry that lacks what it cannot do without is left out with a notice that names it.
struct CatalogMapping {
    private(set) var notices: [CatalogNotice] = []

    mutating func takeNotices() -> [CatalogNotice] {
        defer { notices = [] }
        return notices
    }

    /// - Returns: nil, with a notice, where the entry cannot be read.
    mutating func product(_ bytes: [UInt8]?, at index: Int) -> CatalogProduct? {
        read(bytes, "AllProducts[\(index)]") { (fields, entry, path) throws(WireFieldError) in
            CatalogProduct(
                plu: String(try fields.article("Id", of: entry)),
                name: try fields.text("Name", of: entry),
                priceCents: try fields.cents("Price", of: entry, at: path),
                kitchenName: entry["KitchenName"]?.text,
                categoryId: entry["CategoryId"]?.reference,
                vatBasisPoints: entry["VatPercentage"]?.money?.cents,
                sortOrder: entry["SortOrder"]?.integer,
                modifierGroups: fields.entries(entry["ModifierGroups"], at: "\(path).ModifierGroups", Self.group)
            )
        }
    }

    mutating func category(_ bytes: [UInt8]?, at index: Int) -> CatalogCategory? {
        read(bytes, "Categories[\(index)]") { (fields, entry, _) throws(WireFieldError) in
            guard let id = entry["Id"]?.reference else { throw WireFieldError(field: "Id") }
            return CatalogCategory(
                id: id,
                name: try fields.text("Name", of: entry),
                parentId: entry["ParentId"]?.reference,
                sortOrder: entry["SortOrder"]?.integer
            )
        }
    }

    mutating func selection(_ bytes: [UInt8]?, at index: Int) -> CatalogSelection? {
        read(bytes, "ProductSelections[\(index)]") { (fields, entry, path) throws(WireFieldError) in
            guard let id = entry["Id"]?.reference else { throw WireFieldError(field: "Id") }
            return CatalogSelection(
                id: id,
                name: try fields.text("Name", of: entry),
                sortOrder: entry["SortOrder"]?.integer,
                plus: fields.entries(entry["Products"], at: "\(path).Products") {
                    (fields, product, _) throws(WireFieldError) -> String in
                    if let plu = product.integer { return String(plu) }
                    return String(try fields.article("Id", of: product))
                }
            )
        }
    }

    private static func group(
        _ fields: inout WireFields,
        _ entry: WireValue,
        _ path: String
    ) throws(WireFieldError) -> CatalogModifierGroup {
        guard let id = entry["Id"]?.reference else { throw WireFieldError(field: "Id") }
        let maximum = entry["Max"]?.integer ?? 0
        return CatalogModifierGroup(
            id: id,
            name: try fields.text("Name", of: entry),
            minimum: max(0, entry["Min"]?.integer ?? 0),
            maximum: maximum > 0 ? maximum : nil,
            modifiers: fields.entries(entry["Modifiers"], at: "\(path).Modifiers") {
                (fields, modifier, path) throws(WireFieldError) -> CatalogModifier in
                CatalogModifier(
                    plu: String(try fields.article("Id", of: modifier)),
                    name: try fields.text("Name", of: modifier),
                    priceCents: try fields.cents("Price", of: modifier, at: path)
                )
            }
        )
    }

    private mutating func read<Entry>(
        _ bytes: [UInt8]?,
        _ path: String,
        _ body: (inout WireFields, WireValue, _ path: String) throws(WireFieldError) -> Entry
    ) -> Entry? {
        guard let bytes else { return skipped(path, "it is too long") }
        guard let entry = try? WireReader.value(from: bytes) else { return skipped(path, "it is no JSON") }
        let name = [entry["Id"]?.text, entry["Name"]?.text.map { "\"\($0.prefix(60))\"" }].compactMap(\.self)
        let place = name.isEmpty ? path : "\(path) (\(name.joined(separator: " ")))"
        var fields = WireFields()
        do throws(WireFieldError) {
            let value = try body(&fields, entry, place)
            notices += fields.remarks.map {
                CatalogNotice(fields.skipped > 0 && $0.contains("skipped") ? .skipped : .adjusted, "\($0).")
            }
            return value
        } catch {
            return skipped(place, "\(error.field) is missing or malformed")
        }
    }

    private mutating func skipped<Entry>(_ place: String, _ why: String) -> Entry? {
        notices.append(CatalogNotice(.skipped, "\(place) was skipped: \(why)."))
        return nil
    }
}

extension WireFields {
    /// An article number: a whole number from 1.
    fileprivate func article(_ key: String, of value: WireValue) throws(WireFieldError) -> Int {
        let number = try integer(key, of: value)
        guard number > 0 else { throw WireFieldError(field: key) }
        return number
    }
}

extension WireValue {
    /// An id that points at something; absent, null, 0 and an empty text point at nothing.
    fileprivate var reference: String? {
        if let integer { return integer == 0 ? nil : String(integer) }
        guard let text = text?.trimmingSpaces(), !text.isEmpty else { return nil }
        return text
    }
}
