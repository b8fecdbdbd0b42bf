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
    }
}
