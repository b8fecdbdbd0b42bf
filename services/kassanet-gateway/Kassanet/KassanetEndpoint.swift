import RegisterHTTP

/// One endpoint of a register (kassanet-wire.md, Endpoints).
struct KassanetEndpoint: Sendable, Hashable {
    let name: String
    let method: RegisterRequest.Method

    /// A write is sent again only when nothing of it had left; reading settles everything else.
    var isWrite: Bool { method == .post }

    static let test = KassanetEndpoint(name: "test", method: .get)
    static let allProducts = KassanetEndpoint(name: "GetAllProducts", method: .get)
    static let productSelection = KassanetEndpoint(name: "GetProductSelection", method: .get)
    static let tableNumbers = KassanetEndpoint(name: "TableNumbers", method: .get)
    static let freeTableNumber = KassanetEndpoint(name: "GetFreeTableNumber", method: .get)
    static let bill = KassanetEndpoint(name: "GetBill", method: .get)
    static let paymentTypes = KassanetEndpoint(name: "GetPaymentTypes", method: .get)
    static let countdownPluState = KassanetEndpoint(name: "GetCountdownPluState", method: .get)
    static let createOrder = KassanetEndpoint(name: "CreateOrder", method: .post)
    static let payBill = KassanetEndpoint(name: "PayBill", method: .post)
    static let postDeposit = KassanetEndpoint(name: "PostDeposit", method: .post)
}
