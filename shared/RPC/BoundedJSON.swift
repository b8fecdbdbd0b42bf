/// Limits that a JSON text is held to before anything is built from it.
///
/// One pass over the bytes, no allocation: the parser behind it then never sees a text that is nested absurdly deep or
/// made of a million tiny values.
package struct BoundedJSON: Sendable {
    package var maxDepth: Int
    /// Values, members and elements together.
    package var maxElements: Int

    package init(maxDepth: Int = 32, maxElements: Int = 50_000) {
        self.maxDepth = maxDepth
        self.maxElements = maxElements
    }

    package enum Violation: Error, Equatable {
        case tooDeep(limit: Int)
        case tooManyElements(limit: Int)
    }

    /// Throws where the text goes beyond a limit.
    ///
    /// It does not judge whether the text is JSON.
    package func check(_ bytes: some Sequence<UInt8>) throws(Violation) {
        var depth = 0
        var elements = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                elements += 1
                guard depth <= maxDepth else { throw .tooDeep(limit: maxDepth) }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
            case UInt8(ascii: ","):
                elements += 1
            default:
                break
            }
            guard elements <= maxElements else { throw .tooManyElements(limit: maxElements) }
        }
    }
}
