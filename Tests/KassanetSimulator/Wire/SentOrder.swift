/// The body of a `CreateOrder`, read by the letter.
struct SentOrder: Sendable, Equatable {
    var table: Int
    var tableText: String
    var orderInfoText: String?
    var pickupTime: String?
    var items: [RegisterLine]

    init(_ body: WireValue) throws(WrongShape) {
        let reader = try ShapeReader(
            body,
            "CreateOrder",
            known: ["TableNumber", "TableText", "OrderInfoText", "PickupTime", "Items"]
        )
        table = try reader.integer("TableNumber", in: 1...999_999)
        tableText = try reader.text("TableText")
        orderInfoText = try reader.optionalText("OrderInfoText")
        pickupTime = try reader.optionalText("PickupTime")
        if let pickupTime, !Self.isTimeOfDay(pickupTime) {
            throw WrongShape(detail: "CreateOrder.PickupTime is not HH:mm")
        }
        let sent = try reader.array("Items")
        guard !sent.isEmpty else { throw WrongShape(detail: "CreateOrder.Items is empty") }
        items = []
        for (index, item) in sent.enumerated() {
            items.append(try RegisterLine(item, "CreateOrder.Items[\(index)]"))
        }
    }

    private static func isTimeOfDay(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let digits = bytes.enumerated().filter { $0.offset != 2 }.map(\.element)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let hour = Int(text.prefix(2)), let minute = Int(text.suffix(2))
        else { return false }
        return hour < 24 && minute < 60
    }
}

extension RegisterLine {
    fileprivate static let deepest = 4

    /// Reads an item, and the variants below it.
    fileprivate init(_ item: WireValue, _ place: String, depth: Int = 0) throws(WrongShape) {
        guard depth < Self.deepest else { throw WrongShape(detail: "\(place) is nested too deep") }
        let reader = try ShapeReader(
            item,
            place,
            known: ["ArticleId", "Text", "Quantity", "UnitPrice", "InfoText", "Variants"]
        )
        articleId = try reader.integer("ArticleId", in: 1...Int(Int32.max))
        text = try reader.text("Text")
        quantity = try reader.integer("Quantity", in: 1...999)
        unitPriceCents = try reader.cents("UnitPrice")
        infoText = try reader.optionalText("InfoText")
        variants = []
        for (index, variant) in try reader.optionalArray("Variants").enumerated() {
            variants.append(try RegisterLine(variant, "\(place).Variants[\(index)]", depth: depth + 1))
        }
    }
}
