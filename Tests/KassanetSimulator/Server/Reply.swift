/// What goes back to a caller, and how.
struct Reply: Sendable {
    var status: Int
    var headers: [ReceivedHeader] = []
    var body: [UInt8]
    var delivery = Delivery.whole
    /// How long to wait before the first byte.
    var delayMs = 0
    /// What may end that wait early.
    var slowAnswers: SlowAnswers?
    /// In place of `body`: too long to be held, and sent in chunks.
    var long: LongCatalog?

    /// How the bytes travel.
    enum Delivery: Sendable, Equatable {
        case whole
        /// Nothing is sent and the connection stays open.
        case never
        /// Nothing is sent and the connection ends, with a reset or in peace.
        case hangUp(reset: Bool)
        /// Half of the body, then the end of the connection.
        case truncated
        /// One byte at a time.
        case drip(everyMs: Int)
        /// The body again and again, until the caller has had enough.
        case endless
    }

    static func plain(_ status: Int, _ value: WireValue) -> Reply {
        Reply(status: status, headers: [.json], body: Array(value.ascii.utf8))
    }

    static let silence = Reply(status: 0, body: [], delivery: .never)
}

extension ReceivedHeader {
    static let json = ReceivedHeader(name: "Content-Type", value: "application/json")
}
