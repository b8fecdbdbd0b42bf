/// The parameters of one execution, as the zero-terminated texts libpq takes.
struct Parameters {
    private var bytes: [CChar] = []
    /// Where each text starts; `nil` is NULL.
    private var starts: [Int?] = []

    /// - Throws: `.encoding` for a value that has no text, `.zeroCharacter` for one whose text holds a zero character,
    ///   which PostgreSQL's `text` cannot hold and libpq would take for the end.
    init(_ bindings: [PostgresBinding]) throws(PostgresError) {
        starts.reserveCapacity(bindings.count)
        for (index, binding) in bindings.enumerated() {
            switch binding.value {
            case .null:
                starts.append(nil)
            case .text(let text):
                guard !text.utf8.contains(0) else {
                    throw PostgresError(.zeroCharacter, "Parameter $\(index + 1) contains a zero character.")
                }
                starts.append(bytes.count)
                bytes.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) })
                bytes.append(0)
            case .unencodable(let type):
                throw PostgresError(.encoding, "Parameter $\(index + 1), a \(type), cannot be written.")
            }
        }
    }

    func withPointers<Value>(_ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Value) -> Value {
        bytes.withUnsafeBufferPointer { bytes in
            let pointers = starts.map { start in
                start.flatMap { bytes.baseAddress?.advanced(by: $0) }
            }
            return pointers.withUnsafeBufferPointer(body)
        }
    }
}
