/// Made-up products, as many as wanted, numbered from 1,000,000; the same settings give the same bytes.
///
/// Which are listed, what they are called and what they cost follows from the settings, so that a catalogue can be made to
/// differ from that of yesterday in a known way.
struct MadeUpCatalog: Sendable {
    static let firstID = 1_000_000

    private let settings: RegisterSettings
    private let menu = MadeUpMenu.standard

    init(_ settings: RegisterSettings) {
        self.settings = settings
    }

    /// How many there are, listed or not.
    var count: Int { settings.empty ? 0 : max(0, settings.generatedProducts) }

    /// The places of those that are listed.
    var listed: StrideTo<Int> { stride(from: 0, to: count, by: max(1, settings.keepEvery)) }

    // MARK: - One product

    /// Writes a product's entry in `GetAllProducts`.
    func append(_ index: Int, to text: inout [UInt8]) {
        text += Self.opening
        text.append(number: Self.firstID + index)
        if isBroken(index) {
            text += Self.brokenName
            text.append(number: index)
            text += Self.brokenEnding
            return
        }
        let dish = dish(index)
        text += dish.opening
        text += menu.styles[style(index)]
        let edition = edition(index)
        if edition > 0 {
            text.append(UInt8(ascii: " "))
            text.append(number: edition)
        }
        if isRenamed(index) { text += menu.newName }
        text += Self.price
        text.append(euros: priceCents(index))
        text += dish.kitchen
        text.append(number: index)
        text += dish.middle
        text.append(number: index + 1)
        text += dish.ending
    }

    private static let opening = Array("{\"Id\":".utf8)
    private static let price = Array("\",\"Price\":".utf8)
    private static let brokenName = Array(",\"Name\":\"Broken ".utf8)
    private static let brokenEnding = Array("\"}".utf8)

    /// A product, or one of their modifiers, as an order names it; nil where it does not exist or cannot be sold.
    func article(_ id: Int) -> RegisterProduct? {
        let index = id - Self.firstID
        guard (0..<count).contains(index) else { return menu.modifiers.first { count > 0 && $0.id == id } }
        guard !isBroken(index), index % max(1, settings.keepEvery) == 0 else { return nil }
        let words = [
            dish(index).name, menu.styleNames[style(index)], edition(index) > 0 ? "\(edition(index))" : "",
        ]
        return RegisterProduct(
            id: id,
            name: words.filter { !$0.isEmpty }.joined(separator: " ") + (isRenamed(index) ? menu.newNameText : ""),
            priceCents: priceCents(index),
            categoryId: dish(index).categoryId
        )
    }

    private func dish(_ index: Int) -> MadeUpMenu.Dish { menu.dishes[index % menu.dishes.count] }
    private func style(_ index: Int) -> Int { index / menu.dishes.count % menu.styles.count }
    /// Tells products of the same dish and style apart; 0 is not written.
    private func edition(_ index: Int) -> Int { index / (menu.dishes.count * menu.styles.count) }

    private func priceCents(_ index: Int) -> Int {
        let shift = index % max(1, settings.priceShiftEvery) == 0 ? settings.priceShiftCents : 0
        return max(0, dish(index).priceCents + index % 40 * 5 + shift)
    }

    private func isRenamed(_ index: Int) -> Bool { Self.isEvery(settings.renameEvery, index) }
    private func isBroken(_ index: Int) -> Bool { Self.isEvery(settings.brokenProductEvery, index) }

    /// The last of each so many.
    private static func isEvery(_ every: Int, _ index: Int) -> Bool { every > 0 && index % every == every - 1 }

    // MARK: - Around them

    var categories: [RegisterCategory] { count > 0 ? menu.categories : [] }

    /// Some cards with products from all over the catalogue.
    var selections: [RegisterSelection] {
        let shown = Array(listed.prefix(240)).filter { !isBroken($0) }.map { Self.firstID + $0 }
        let names = ["Petit d\u{e9}jeuner", "Midi", "Soir", "Terrasse", "\u{c0} emporter", "F\u{ea}tes"]
        return names.indices.compactMap { card in
            let products = shown.indices.filter { $0 % names.count == card }.map { shown[$0] }
            guard !products.isEmpty else { return nil }
            return RegisterSelection(id: 6_001 + card, name: names[card], sortOrder: 10 + card, products: products)
        }
    }

    /// How many are left at first of a product that is counted down; nil where nobody counts.
    func firstStock(of id: Int) -> Int? {
        let index = id - Self.firstID
        guard settings.countdownEvery > 0, index % settings.countdownEvery == 0, article(id) != nil else { return nil }
        return index % 50
    }

    /// The ids of those that are counted down.
    var counted: [Int] {
        guard settings.countdownEvery > 0 else { return [] }
        return stride(from: 0, to: count, by: settings.countdownEvery).map { Self.firstID + $0 }
            .filter { firstStock(of: $0) != nil }
    }
}

extension [UInt8] {
    /// Appends the decimal digits of a number that is not negative.
    fileprivate mutating func append(number: Int) {
        var unit = 1
        while number / unit >= 10 { unit *= 10 }
        while unit > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / unit % 10))
            unit /= 10
        }
    }

    /// Appends decimal euros with two digits behind the point.
    fileprivate mutating func append(euros cents: Int) {
        append(number: cents / 100)
        append(UInt8(ascii: "."))
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: cents / 10 % 10))
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: cents % 10))
    }
}
