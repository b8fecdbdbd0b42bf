/// What a register is told about itself, and may be told anew while it runs.
package struct RegisterSettings: Codable, Sendable, Equatable {
    /// The physical tables.
    package var tables: [Int] = Array(1...40)
    /// The numbers without a table; `GetFreeTableNumber` names the lowest that has no open bill.
    package var freeTables: [Int] = Array(901...999)
    package var paymentTypes: [PaymentType] = [
        PaymentType(number: 1, name: "Cash"), PaymentType(number: 9, name: "Webshop"),
    ]
    /// Whether the tip calculator is on; without it a `TipAmount` is refused.
    package var tips = false
    /// Whether the register charges the prices of its own products, whatever was sent.
    package var ownPrices = false
    /// Whether `GetBill` is refused, with `billOffMessage`.
    package var billOff = false
    package var billOffMessage = "Bills are not available"
    /// Whether a table without a bill answers a refusal, with `noBillMessage`, or an empty bill.
    package var noBillRefused = false
    package var noBillMessage = "No open bill"
    package var systemName = "Kassanet Simulator"
    package var systemVersion = "1.0"
    /// How many made-up products `GetAllProducts` lists after those of the catalogue.
    package var generatedProducts = 0
    /// Every how manyth of them lacks its price; 0 for none.
    package var brokenProductEvery = 0
    /// Only every so manyth of them is listed and sold: 10 leaves a tenth of them.
    package var keepEvery = 1
    /// What is added to the price of every so manyth of them.
    package var priceShiftCents = 0
    package var priceShiftEvery = 1
    /// Every how manyth of them has another name; 0 for none.
    package var renameEvery = 0
    /// Every how manyth of them is counted down, from 0 to 49 at first; 0 for none.
    package var countdownEvery = 0
    /// Whether the catalogue also has everything that a register may get wrong.
    package var awkward = false
    /// Whether products, categories and selections are listed as none at all.
    package var empty = false
    /// Whether `TableNumbers` lists plain numbers, without names.
    package var plainTables = false

    package init() {}

    /// A way to pay that the register knows.
    package struct PaymentType: Codable, Sendable, Equatable {
        package var number: Int
        package var name: String

        package init(number: Int, name: String) {
            self.number = number
            self.name = name
        }
    }
}

/// New values for some settings; what is nil stays as it is.
struct RegisterSettingsChange: Decodable, Sendable {
    var tables: [Int]?
    var freeTables: [Int]?
    var paymentTypes: [RegisterSettings.PaymentType]?
    var tips: Bool?
    var ownPrices: Bool?
    var billOff: Bool?
    var billOffMessage: String?
    var noBillRefused: Bool?
    var noBillMessage: String?
    var systemName: String?
    var systemVersion: String?
    var generatedProducts: Int?
    var brokenProductEvery: Int?
    var keepEvery: Int?
    var priceShiftCents: Int?
    var priceShiftEvery: Int?
    var renameEvery: Int?
    var countdownEvery: Int?
    var awkward: Bool?
    var empty: Bool?
    var plainTables: Bool?

    /// Throws when a number makes no sense.
    func check() throws(ConfigurationError) {
        for (name, number, least) in [
            ("generatedProducts", generatedProducts, 0), ("brokenProductEvery", brokenProductEvery, 0),
            ("keepEvery", keepEvery, 1), ("priceShiftEvery", priceShiftEvery, 1), ("renameEvery", renameEvery, 0),
            ("countdownEvery", countdownEvery, 0),
        ] {
            guard let number, !(least...10_000_000).contains(number) else { continue }
            throw ConfigurationError("\(name) is a number from \(least) to 10000000")
        }
        guard (-1_000_000...1_000_000).contains(priceShiftCents ?? 0) else {
            throw ConfigurationError("priceShiftCents is a number from -1000000 to 1000000")
        }
    }

    func apply(to settings: inout RegisterSettings) {
        settings.tables = tables ?? settings.tables
        settings.freeTables = freeTables ?? settings.freeTables
        settings.paymentTypes = paymentTypes ?? settings.paymentTypes
        settings.tips = tips ?? settings.tips
        settings.ownPrices = ownPrices ?? settings.ownPrices
        settings.billOff = billOff ?? settings.billOff
        settings.billOffMessage = billOffMessage ?? settings.billOffMessage
        settings.noBillRefused = noBillRefused ?? settings.noBillRefused
        settings.noBillMessage = noBillMessage ?? settings.noBillMessage
        settings.systemName = systemName ?? settings.systemName
        settings.systemVersion = systemVersion ?? settings.systemVersion
        settings.generatedProducts = generatedProducts ?? settings.generatedProducts
        settings.brokenProductEvery = brokenProductEvery ?? settings.brokenProductEvery
        settings.keepEvery = keepEvery ?? settings.keepEvery
        settings.priceShiftCents = priceShiftCents ?? settings.priceShiftCents
        settings.priceShiftEvery = priceShiftEvery ?? settings.priceShiftEvery
        settings.renameEvery = renameEvery ?? settings.renameEvery
        settings.countdownEvery = countdownEvery ?? settings.countdownEvery
        settings.awkward = awkward ?? settings.awkward
        settings.empty = empty ?? settings.empty
        settings.plainTables = plainTables ?? settings.plainTables
    }
}
