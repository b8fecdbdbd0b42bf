/// A request that kept every rule of the wire.
enum WireCall: Sendable, Equatable {
    case test
    case allProducts
    case productSelection
    case tableNumbers
    case freeTableNumber
    case bill(table: Int)
    case paymentTypes
    case countdownState(threshold: Int?)
    case createOrder(SentOrder)
    case payBill(SentPayment)
    case postDeposit(SentPayment)
}

/// The endpoints of a register and how each is called.
enum WireEndpoint: String, CaseIterable {
    case test
    case getAllProducts = "GetAllProducts"
    case getProductSelection = "GetProductSelection"
    case tableNumbers = "TableNumbers"
    case getFreeTableNumber = "GetFreeTableNumber"
    case getBill = "GetBill"
    case getPaymentTypes = "GetPaymentTypes"
    case getCountdownPluState = "GetCountdownPluState"
    case createOrder = "CreateOrder"
    case payBill = "PayBill"
    case postDeposit = "PostDeposit"

    var method: String {
        switch self {
        case .createOrder, .payBill, .postDeposit: "POST"
        default: "GET"
        }
    }

    /// Reads the call that a query and a body make to this endpoint.
    func call(query: String?, body: WireValue) throws(WrongShape) -> WireCall {
        switch self {
        case .test: .test
        case .getAllProducts: .allProducts
        case .getProductSelection: .productSelection
        case .tableNumbers: .tableNumbers
        case .getFreeTableNumber: .freeTableNumber
        case .getPaymentTypes: .paymentTypes
        case .getBill: .bill(table: try Self.number(query, named: "tableNumber"))
        case .getCountdownPluState:
            .countdownState(threshold: query == nil ? nil : try Self.number(query, named: "threshold"))
        case .createOrder: .createOrder(try SentOrder(body))
        case .payBill: .payBill(try SentPayment(body, "PayBill", tip: true))
        case .postDeposit: .postDeposit(try SentPayment(body, "PostDeposit", tip: false))
        }
    }

    /// Whether this endpoint may be called with a query at all.
    var hasQuery: Bool { self == .getBill || self == .getCountdownPluState }

    private static func number(_ query: String?, named name: String) throws(WrongShape) -> Int {
        let parts = (query ?? "").split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == name, let number = Int(parts[1]), String(number) == parts[1], number >= 0
        else { throw WrongShape(detail: "the query is not \(name)=<number>") }
        return number
    }
}
