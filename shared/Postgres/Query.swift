/// A statement whose interpolated values travel beside the text, never inside it.
///
/// ```swift
/// let query: Query = "SELECT id FROM orders WHERE location = \(location) AND placed_at > \(since)"
/// ```
/// Each value becomes a parameter `$n`; another `Query` is nested and its parameters renumbered.
package struct Query: Sendable {
    /// The text around the parameters: always one more than there are bindings.
    private var fragments: [String]
    private(set) var bindings: [PostgresBinding]

    /// The statement as the server sees it, with `$1`, `$2` and so on.
    package var sql: String {
        var text = fragments[0]
        for index in bindings.indices {
            text += "$\(index + 1)"
            text += fragments[index + 1]
        }
        return text
    }

    /// A statement without parameters, from text that the program itself wrote.
    package init(unescaped sql: String) {
        fragments = [sql]
        bindings = []
    }

    /// The two statements' texts and parameters, one after the other.
    package static func + (left: Query, right: Query) -> Query {
        var sum = left
        sum.append(right)
        return sum
    }

    private mutating func append(_ text: String) {
        fragments[fragments.count - 1] += text
    }

    private mutating func append(_ binding: PostgresBinding) {
        bindings.append(binding)
        fragments.append("")
    }

    private mutating func append(_ query: Query) {
        append(query.fragments[0])
        bindings += query.bindings
        fragments += query.fragments.dropFirst()
    }
}

extension Query: ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) {
        self.init(unescaped: value)
    }

    package init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.query
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        var query = Query(unescaped: "")

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: String) {
            query.append(literal)
        }

        /// Binds a value.
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            query.append(PostgresBinding(value))
        }

        /// Binds a value or `NULL`.
        ///
        /// Spelled out because the compiler warns of optionals in any other interpolation.
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            query.append(PostgresBinding(value))
        }

        /// Nests a statement, its parameters renumbered.
        package mutating func appendInterpolation(_ query: Query) {
            self.query.append(query)
        }

        /// Splices text that the program itself wrote.
        ///
        /// Never pass anything that came from outside.
        package mutating func appendInterpolation(unescaped text: String) {
            query.append(text)
        }

        /// Splices a name, quoted.
        package mutating func appendInterpolation(identifier name: String) {
            query.append("\"" + name.replacing("\"", with: "\"\"") + "\"")
        }
    }
}
