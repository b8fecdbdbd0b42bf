/// A text that must never be shown: a credential, a token, a key.
///
/// Every way of printing it gives `***`, so it can stand in a settings value, an error or a log line by accident and
/// still say nothing. Only ``reveal()`` hands it out, which makes its uses easy to list.
package struct Secret: Sendable, Hashable {
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The secret itself.
    ///
    /// Call it where the secret leaves the process, and nowhere else.
    package func reveal() -> String {
        text
    }

    package var isEmpty: Bool {
        text.isEmpty
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
