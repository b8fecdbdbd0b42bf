package import RPC

/// One thing a service does for callers, as its document describes it.
package struct APIOperation: Sendable {
    /// The HTTP method, in capitals.
    package let verb: String
    /// With parameters in braces, as in `/orders/{orderId}`.
    package let path: String
    /// The versioned service that a caller's token must list.
    package let service: String
    /// Unique within a document.
    package let id: String
    package let summary: String
    /// Further sentences, one after the other.
    package let notes: [String]
    package let wire: Wire
    /// In the path and in headers of its own, in that order.
    package let parameters: [APIParameter]
    package let request: WireType?
    /// An element of the stream, where it is one; `nil` where the answer is a file.
    package let response: WireType?

    /// How messages travel.
    package enum Wire: Sendable, Hashable {
        /// Connect, one message each way.
        case unary
        /// Connect, one message in and many out.
        case serverStream
        /// HTTP and JSON, without Connect's headers.
        case plain
        /// HTTP and bytes of a media type, such as `application/pdf`, with an ETag.
        case file(mediaType: String)

        var isConnect: Bool { self == .unary || self == .serverStream }
    }

    var isFile: Bool { if case .file = wire { true } else { false } }

    package init<Request, Response>(_ method: RPCMethod<Request, Response>) {
        verb = "POST"
        path = method.path
        service = method.service
        id = Self.id(method.service, method.name)
        summary = method.summary
        notes = Self.notes(method.idempotency, method.maxRequestBytes)
        wire = .unary
        parameters = []
        request = WireType(Request.self)
        response = WireType(Response.self)
    }

    /// A procedure that answers with a stream of elements.
    package init<Request, Element>(_ stream: RPCStream<Request, Element>) {
        verb = "POST"
        path = stream.path
        service = stream.service
        id = Self.id(stream.service, stream.name)
        summary = stream.summary
        notes = Self.notes(stream.idempotency, stream.maxRequestBytes)
        wire = .serverStream
        parameters = []
        request = WireType(Request.self)
        response = WireType(Element.self)
    }

    /// A plain route; without a request it takes no body.
    package init(
        _ verb: String,
        _ path: String,
        service: String,
        id: String,
        summary: String,
        parameters: [APIParameter],
        request: WireType?,
        response: WireType
    ) {
        self.verb = verb
        self.path = path
        self.service = service
        self.id = id
        self.summary = summary
        notes = []
        wire = .plain
        self.parameters = parameters
        self.request = request
        self.response = response
    }

    /// A plain route that answers a file, by GET.
    package init(
        file mediaType: String,
        _ path: String,
        service: String,
        id: String,
        summary: String,
        parameters: [APIParameter]
    ) {
        verb = "GET"
        self.path = path
        self.service = service
        self.id = id
        self.summary = summary
        notes = []
        wire = .file(mediaType: mediaType)
        self.parameters = parameters
        request = nil
        response = nil
    }

    private static func id(_ service: String, _ name: String) -> String {
        "\(service.split(separator: ".").last ?? "")_\(name)"
    }

    private static func notes(_ idempotency: Idempotency, _ maxRequestBytes: Int) -> [String] {
        let repeating =
            switch idempotency {
            case .readOnly: "Changes nothing, so repeat it freely."
            case .idempotent: "Repeating the same request has the effect of one, so repeat it freely."
            case .notIdempotent: "Never repeat it blindly: it may act twice."
            }
        return [repeating, "The body has at most \(maxRequestBytes) bytes."]
    }
}

/// A message type whose schema can be asked for.
package struct WireType: Sendable {
    let schema: @Sendable (SchemaBook) throws -> OrderedJSON

    package init<Wire: Decodable & Sendable>(_ type: Wire.Type) {
        schema = { try $0.schema(of: type) }
    }
}

/// A value in the path or in a header.
package struct APIParameter: Sendable {
    package enum Place: String, Sendable {
        case path
        case header
        case query
    }

    package let name: String
    package let place: Place
    package let description: String
    package let isRequired: Bool
    let type: WireType
    let example: String?

    package init<Value: Decodable & Sendable>(
        _ name: String,
        in place: Place,
        _ type: Value.Type,
        isRequired: Bool = true,
        example: String? = nil,
        _ description: String
    ) {
        self.name = name
        self.place = place
        self.description = description
        self.isRequired = isRequired || place == .path
        self.type = WireType(type)
        self.example = example
    }
}
