/// What a message takes beyond what its Swift types say: the published schema shows it.
///
/// A limit is stated once, here or as a constant that stands here and where it is checked. A hint for a member that the
/// message does not have fails the document.
package protocol SchemaHinted {
    /// By the name of the member in JSON.
    static var schemaHints: [String: SchemaHint] { get }
    /// A message as callers send it; it works against `make demo`.
    static var schemaExample: (any Encodable & Sendable)? { get }
}

extension SchemaHinted {
    package static var schemaExample: (any Encodable & Sendable)? { nil }
}

/// What one member takes, and what it means.
package struct SchemaHint: Sendable {
    package var description: String?
    /// Of a whole number.
    package var range: ClosedRange<Int>?
    /// How long a text may be, in bytes of UTF-8.
    package var bytes: ClosedRange<Int>?
    /// How many elements a list may have.
    package var count: ClosedRange<Int>?
    /// A regular expression (ECMA 262) that the whole of a text matches.
    package var pattern: String?
    /// Everything that a text may be.
    package var choices: [String]?
    /// True where leaving a member out is refused, although the Swift type could do without.
    package var isRequired = false
    package var example: String?

    package init(_ description: String? = nil) {
        self.description = description
    }

    /// Anything the type takes, with what it means.
    package static func about(_ description: String, example: String? = nil) -> SchemaHint {
        var hint = SchemaHint(description)
        hint.example = example
        return hint
    }

    package static func number(_ range: ClosedRange<Int>, _ description: String? = nil) -> SchemaHint {
        var hint = SchemaHint(description)
        hint.range = range
        return hint
    }

    package static func text(
        bytes: ClosedRange<Int>,
        _ description: String? = nil,
        example: String? = nil
    ) -> SchemaHint {
        var hint = SchemaHint(description)
        hint.bytes = bytes
        hint.example = example
        return hint
    }

    package static func text(pattern: String, _ description: String? = nil, example: String? = nil) -> SchemaHint {
        var hint = SchemaHint(description)
        hint.pattern = pattern
        hint.example = example
        return hint
    }

    package static func list(_ count: ClosedRange<Int>, _ description: String? = nil) -> SchemaHint {
        var hint = SchemaHint(description)
        hint.count = count
        return hint
    }

    package static func choice(_ choices: [String], _ description: String? = nil) -> SchemaHint {
        var hint = SchemaHint(description)
        hint.choices = choices
        return hint
    }

    /// The same, for a member that must be there.
    package var required: SchemaHint {
        var hint = self
        hint.isRequired = true
        return hint
    }
}

/// A text with values that are known and others that may come: what ``Open`` is, for any of its enums.
package protocol ExtensibleEnumeration {
    static var knownValues: [String] { get }
    /// The enum behind it.
    static var knownType: Any.Type { get }
}

extension Open: ExtensibleEnumeration {
    package static var knownValues: [String] { Known.allCases.map(\.rawValue) }
    package static var knownType: Any.Type { Known.self }
}

extension RPCErrorBody: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "code": .choice(RPCCode.allCases.map(\.rawValue), "Connect's code."),
            "message": .about("What went wrong and what to do, for the person who reads it. Do not parse it."),
            "reason": .about("A stable token that you may switch on.", example: "invalid_request"),
            "nextAction": .about(
                "What to do now: \(NextAction.allCases.map(\.rawValue).joined(separator: ", ")). More may come.",
                example: "fix_request"
            ),
            "fields": .about("What is wrong with which member of the request."),
        ]
    }
}

extension FieldProblem: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "field": .about("Where it stands.", example: "items[2].quantity"),
            "problem": .about("What is wrong, as the end of a sentence that begins with the field.", example: "is 0"),
            "accepted": .about("What would be taken instead.", example: "1 to 999"),
        ]
    }
}
