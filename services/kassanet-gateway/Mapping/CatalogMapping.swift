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
    mutating func product(_ bytes: ArraySlice<UInt8>?, at index: Int) -> CatalogProduct? {
        read(bytes, "AllProducts", index) { (fields, entry) throws(WireFieldError) in
            CatalogProduct(
                plu: String(try fields.article("Id", of: entry)),
                name: try fields.text("Name", of: entry),
                priceCents: try fields.cents("Price", of: entry),
                kitchenName: entry["KitchenName"]?.text,
                categoryId: entry["CategoryId"]?.reference,
                vatBasisPoints: entry["VatPercentage"]?.money?.cents,
                sortOrder: entry["SortOrder"]?.integer,
                modifierGroups: fields.entries(entry["ModifierGroups"], at: "ModifierGroups", Self.group)
            )
        }
    }

    mutating func category(_ bytes: ArraySlice<UInt8>?, at index: Int) -> CatalogCategory? {
        read(bytes, "Categories", index) { (fields, entry) throws(WireFieldError) in
            guard let id = entry["Id"]?.reference else { throw WireFieldError(field: "Id") }
            return CatalogCategory(
                id: id,
                name: try fields.text("Name", of: entry),
                parentId: entry["ParentId"]?.reference,
                sortOrder: entry["SortOrder"]?.integer
            )
        }
    }

    mutating func selection(_ bytes: ArraySlice<UInt8>?, at index: Int) -> CatalogSelection? {
        read(bytes, "ProductSelections", index) { (fields, entry) throws(WireFieldError) in
            guard let id = entry["Id"]?.reference else { throw WireFieldError(field: "Id") }
            return CatalogSelection(
                id: id,
                name: try fields.text("Name", of: entry),
                sortOrder: entry["SortOrder"]?.integer,
                plus: fields.entries(entry["Products"], at: "Products") {
                    (fields, product) throws(WireFieldError) -> String in
                    if let plu = product.integer { return String(plu) }
                    return String(try fields.article("Id", of: product))
                }
            )
        }
    }

    private static func group(
        _ fields: inout WireFields,
        _ entry: WireValue
    ) throws(WireFieldError) -> CatalogModifierGroup {
        guard let id = entry["Id"]?.reference else { throw WireFieldError(field: "Id") }
        let maximum = entry["Max"]?.integer ?? 0
        return CatalogModifierGroup(
            id: id,
            name: try fields.text("Name", of: entry),
            minimum: max(0, entry["Min"]?.integer ?? 0),
            maximum: maximum > 0 ? maximum : nil,
            modifiers: fields.entries(entry["Modifiers"], at: "Modifiers") {
                (fields, modifier) throws(WireFieldError) -> CatalogModifier in
                CatalogModifier(
                    plu: String(try fields.article("Id", of: modifier)),
                    name: try fields.text("Name", of: modifier),
                    priceCents: try fields.cents("Price", of: modifier)
                )
            }
        )
    }

    private mutating func read<Entry>(
        _ bytes: ArraySlice<UInt8>?,
        _ list: String,
        _ index: Int,
        _ body: (inout WireFields, WireValue) throws(WireFieldError) -> Entry
    ) -> Entry? {
        guard let bytes else { return skipped("\(list)[\(index)]", "it is too long") }
        guard let entry = try? WireReader.value(from: bytes) else {
            return skipped("\(list)[\(index)]", "it is no JSON")
        }
        var fields = WireFields()
        do throws(WireFieldError) {
            let value = try body(&fields, entry)
            notices += fields.remarks.map { remark in
                CatalogNotice(
                    fields.skipped > 0 && remark.contains("skipped") ? .skipped : .adjusted,
                    "\(Self.place(of: entry, list, index)).\(remark)."
                )
            }
            return value
        } catch {
            return skipped(Self.place(of: entry, list, index), "\(error.field) is missing or malformed")
        }
    }

    /// Where an entry stands, and what it calls itself.
    private static func place(of entry: WireValue, _ list: String, _ index: Int) -> String {
        let name = [entry["Id"]?.text, entry["Name"]?.text.map { "\"\($0.prefix(60))\"" }].compactMap(\.self)
        return name.isEmpty ? "\(list)[\(index)]" : "\(list)[\(index)] (\(name.joined(separator: " ")))"
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
