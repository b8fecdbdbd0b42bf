import RPC

/// What one service offers, as an OpenAPI 3.1 document.
package struct OpenAPIDocument: Sendable {
    package let service: String
    package let purpose: String
    package let version: String
    package let operations: [APIOperation]

    package init(service: String, purpose: String, version: String, operations: [APIOperation]) {
        self.service = service
        self.purpose = purpose
        self.version = version
        self.operations = operations
    }

    /// The document as text.
    ///
    /// Throws ``SchemaError`` where a message type cannot be described.
    package func text() throws -> String { try json().text }

    /// The document as a value.
    package func json() throws -> OrderedJSON {
        let book = SchemaBook()
        var paths: OrderedJSON = [:]
        for operation in operations {
            var item = paths[operation.path] ?? [:]
            let verb = operation.verb.lowercased()
            guard item[verb] == nil else {
                throw SchemaError("\(operation.verb) \(operation.path) is declared twice.")
            }
            item[verb] = try describe(operation, book)
            paths[operation.path] = item
        }
        var document: OrderedJSON = [
            "openapi": "3.1.1",
            "info": [
                "title": .string(service), "version": .string(version),
                "description": .string(operations.isEmpty ? "\(purpose) It has no procedures." : about),
            ],
            "servers": [["url": "/"]],
            "paths": paths,
        ]
        if !operations.isEmpty {
            var tags: [String] = []
            for operation in operations where !tags.contains(operation.service) { tags.append(operation.service) }
            document["tags"] = .array(tags.map { ["name": .string($0)] })
            document["security"] = [["bearer": []]]
            document["components"] = try components(book)
        }
        return document
    }

    private var about: String {
        """
        \(purpose) Procedures are Connect's unary protocol over JSON. A member that may be left out may also be null, \
        which means the same; answers leave it out. Members that are not listed are ignored, and members may be added \
        to answers, so ignore those you do not know.
        """
    }

    private func describe(_ operation: APIOperation, _ book: SchemaBook) throws -> OrderedJSON {
        var description: OrderedJSON = [
            "operationId": .string(operation.id),
            "tags": [.string(operation.service)],
            "summary": .string(operation.summary),
        ]
        var notes = operation.notes
        if operation.wire == .serverStream {
            notes.append(
                """
                Server streaming: the request is one enveloped message, the answer a series of them (a flag byte, four \
                bytes of length, JSON), of which the last has flag 2 and says how the stream ended. The schemas are \
                those of one message.
                """
            )
        }
        if !notes.isEmpty { description["description"] = .string(notes.joined(separator: " ")) }
        description["parameters"] = .array(
            try operation.parameters.map { try describe($0, book) }
                + (operation.isFile ? [Self.ifNoneMatch] : [])
                + Header.allCases.filter { operation.wire.isConnect || !$0.isConnectOnly }
                .map { ["$ref": "#/components/parameters/\($0.rawValue)"] }
        )
        let media = operation.wire == .serverStream ? "application/connect+json" : "application/json"
        if let request = operation.request {
            description["requestBody"] = [
                "required": true, "content": [media: ["schema": try request.schema(book)]],
            ]
        }
        var responses: OrderedJSON = [:]
        if case .file(let mediaType) = operation.wire {
            for (name, value) in Self.fileResponses(mediaType) { responses[name] = value }
        }
        if let response = operation.response {
            responses["200"] = [
                "description": "Done.", "headers": Self.answerHeaders,
                "content": [media: ["schema": try response.schema(book)]],
            ]
        }
        if operation.wire == .serverStream {
            // Connect reports how a stream failed at its end, with status 200; only what never was a stream differs.
            responses["400"] = ["$ref": "#/components/responses/Error400"]
        } else {
            for status in Self.statuses {
                responses[String(status)] = ["$ref": "#/components/responses/Error\(status)"]
            }
        }
        description["responses"] = responses
        return description
    }

    private func describe(_ parameter: APIParameter, _ book: SchemaBook) throws -> OrderedJSON {
        var description: OrderedJSON = [
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
            "required": .bool(parameter.isRequired), "description": .string(parameter.description),
            "schema": try parameter.type.schema(book),
        ]
        if let example = parameter.example { description["example"] = .string(example) }
        return description
    }

    // MARK: - What files share

    /// Bytes need no schema: the media type says what they are.
    private static func fileResponses(_ mediaType: String) -> [(String, OrderedJSON)] {
        var tagged = answerHeaders
        tagged["etag"] = ["description": "Tells this content from any other.", "schema": ["type": "string"]]
        var named = tagged
        named["content-disposition"] = ["description": "A name for the file.", "schema": ["type": "string"]]
        return [
            ("200", ["description": "The file.", "headers": named, "content": [mediaType: [:]]]),
            ("304", ["description": "The caller has it already, by If-None-Match.", "headers": tagged]),
        ]
    }

    private static var ifNoneMatch: OrderedJSON {
        [
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "ETags of what you have; 304 where one of them is current.", "schema": ["type": "string"],
        ]
    }

    // MARK: - What all operations share

    private func components(_ book: SchemaBook) throws -> OrderedJSON {
        let error = try book.schema(of: RPCErrorBody.self)
        var responses: OrderedJSON = [:]
        for status in Self.statuses {
            let codes = RPCCode.allCases.filter { $0.httpStatus == status }
            var headers = Self.answerHeaders
            if codes.contains(.unavailable) || codes.contains(.resourceExhausted) {
                headers["retry-after"] = ["description": "In so many seconds.", "schema": ["type": "integer"]]
            }
            if status == RPCCode.wrongVerbStatus {
                headers["allow"] = ["description": "The methods this path has.", "schema": ["type": "string"]]
            }
            responses["Error\(status)"] = [
                "description": .string(
                    status == RPCCode.wrongVerbStatus
                        ? "unimplemented: the path is right, the HTTP method is not."
                        : "One of \(codes.map(\.rawValue).joined(separator: ", "))."
                ),
                "headers": headers, "content": ["application/json": ["schema": error]],
            ]
        }
        var parameters: OrderedJSON = [:]
        for header in Header.allCases { parameters[header.rawValue] = header.description }
        return [
            "securitySchemes": [
                "bearer": [
                    "type": "http", "scheme": "bearer",
                    "description":
                        "The caller's token. It lists the services and the merchants the caller may act for.",
                ]
            ],
            "parameters": parameters,
            "responses": responses,
            "schemas": .object(book.components),
        ]
    }

    /// Every status an error has, ascending.
    private static var statuses: [Int] {
        Set(RPCCode.allCases.map(\.httpStatus)).union([RPCCode.wrongVerbStatus]).sorted()
    }

    private static var answerHeaders: OrderedJSON {
        ["x-request-id": ["description": "Finds the call in the logs.", "schema": ["type": "string"]]]
    }

    private enum Header: String, CaseIterable {
        case protocolVersion = "ConnectProtocolVersion"
        case timeout = "ConnectTimeoutMs"
        case traceParent = "TraceParent"
        case requestID = "RequestId"

        var isConnectOnly: Bool { self == .protocolVersion }

        var description: OrderedJSON {
            switch self {
            case .protocolVersion:
                Self.header("Connect-Protocol-Version", "Connect's version.", ["type": "string", "enum": ["1"]])
            case .timeout:
                Self.header(
                    "Connect-Timeout-Ms",
                    "Your deadline, in milliseconds; the service has one of its own for who names none.",
                    ["type": "integer", "minimum": 1, "maximum": 9_999_999_999, "examples": [30_000]]
                )
            case .traceParent:
                Self.header(
                    "traceparent",
                    "The W3C trace the call belongs to. One that is malformed is replaced.",
                    ["type": "string"]
                )
            case .requestID:
                Self.header(
                    "x-request-id",
                    "An id of yours for the call, passed on to every hop and log line. One that is malformed is replaced.",
                    ["type": "string"]
                )
            }
        }

        private static func header(_ name: String, _ description: String, _ schema: OrderedJSON) -> OrderedJSON {
            [
                "name": .string(name), "in": "header", "required": false, "description": .string(description),
                "schema": schema,
            ]
        }
    }
}
