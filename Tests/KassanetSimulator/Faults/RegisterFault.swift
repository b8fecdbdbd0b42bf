/// A fault that the next calls of an endpoint meet.
///
/// Only calls that keep every rule of the wire use a fault up. Faults of one endpoint are met in the order they were
/// given; the first that has calls left decides.
package struct RegisterFault: Codable, Sendable, Equatable {
    /// An endpoint as the path names it, or `*` for every one.
    package var endpoint: String
    package var kind: Kind
    /// How many calls meet it; 0 means every one until faults are cleared.
    package var times: Int
    /// How many calls pass unharmed before the first that meets it.
    package var skip: Int
    /// How late the answer (`slow`) or the effect (`late_effect`) is, or the pause between two bytes (`drip`).
    package var delayMs: Int
    /// Whether the call has its effect all the same, for the kinds that spoil only the answer.
    package var effect: Bool
    /// What happens to the connection of a call that gets no answer; each kind has its own default.
    package var connection: Connection?
    /// The HTTP status of `status` and `status_with_effect`.
    package var status: Int
    /// The reason in `refuse`, `status` and `status_with_effect`; the whole plain body of `answer`.
    package var message: String
    /// Where `redirect` points to.
    package var location: String
    /// What the waiter adds in `table_taken` and `waiter_adds`; nil takes the first product.
    package var articleId: Int?
    package var quantity: Int

    package init(
        _ kind: Kind,
        on endpoint: String,
        times: Int = 1,
        skip: Int = 0,
        delayMs: Int = 100,
        effect: Bool = true,
        connection: Connection? = nil,
        status: Int = 500,
        message: String = "Refused by the simulator",
        location: String = "http://169.254.169.254/",
        articleId: Int? = nil,
        quantity: Int = 1
    ) {
        self.endpoint = endpoint
        self.kind = kind
        self.times = times
        self.skip = skip
        self.delayMs = delayMs
        self.effect = effect
        self.connection = connection
        self.status = status
        self.message = message
        self.location = location
        self.articleId = articleId
        self.quantity = quantity
    }

    /// What goes wrong.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// HTTP 200 with a false flag and a message; no effect.
        case refuse
        /// No effect and no answer.
        case neverAnswer = "never_answer"
        /// The effect, and no answer.
        case effectNeverAnswer = "effect_never_answer"
        /// The whole request was read, then the connection ends; no effect.
        case resetBeforeEffect = "reset_before_effect"
        /// The effect, then the connection ends without an answer.
        case effectThenReset = "effect_then_reset"
        /// No answer, and the effect later, whether or not the caller is still there.
        case lateEffect = "late_effect"
        /// The effect at once and the answer late.
        case slow
        /// An HTTP status; no effect.
        case status
        /// The effect, answered by an HTTP status.
        case statusWithEffect = "status_with_effect"
        /// An answer that is neither base64 nor UTF-8.
        case garbage
        /// An answer in base64 whose length is no multiple of eight.
        case badLength = "bad_length"
        /// An answer encrypted with another key.
        case wrongKey = "wrong_key"
        /// An answer in plain JSON, though encryption is on.
        case plain
        /// Half of an answer.
        case truncated
        /// An answer, one byte at a time.
        case drip
        /// An answer without end.
        case huge
        /// HTTP 302 to somewhere else; no effect.
        case redirect
        /// A waiter's line appears on the table just before a `CreateOrder` is applied.
        case tableTaken = "table_taken"
        /// A waiter adds a line just before a `PayBill` or `PostDeposit` is applied.
        case waiterAdds = "waiter_adds"
        /// `message` in place of the register's own answer, in the usual envelope.
        case answer
    }

    /// How a connection that got no answer goes on.
    package enum Connection: String, Codable, Sendable {
        case hold
        case close
        case reset
    }
}

extension RegisterFault {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            try container.decode(Kind.self, forKey: .kind),
            on: try container.decode(String.self, forKey: .endpoint)
        )
        times = try container.decodeIfPresent(Int.self, forKey: .times) ?? times
        skip = try container.decodeIfPresent(Int.self, forKey: .skip) ?? skip
        delayMs = try container.decodeIfPresent(Int.self, forKey: .delayMs) ?? delayMs
        effect = try container.decodeIfPresent(Bool.self, forKey: .effect) ?? effect
        connection = try container.decodeIfPresent(Connection.self, forKey: .connection)
        status = try container.decodeIfPresent(Int.self, forKey: .status) ?? status
        message = try container.decodeIfPresent(String.self, forKey: .message) ?? message
        location = try container.decodeIfPresent(String.self, forKey: .location) ?? location
        articleId = try container.decodeIfPresent(Int.self, forKey: .articleId)
        quantity = try container.decodeIfPresent(Int.self, forKey: .quantity) ?? quantity
    }
}
