/// What a field would have taken instead of what it was given.
package struct Unacceptable: Error {
    /// What is wrong, as the end of a sentence that begins with the field.
    package let problem: String
    /// What would be taken.
    package let accepted: String

    package init(_ accepted: String, problem: String = "is not accepted") {
        self.problem = problem
        self.accepted = accepted
    }

    /// The error a decoder throws, with the place of the field.
    package func at(_ path: [any CodingKey]) -> DecodingError {
        .dataCorrupted(.init(codingPath: path, debugDescription: "must be \(accepted)", underlyingError: self))
    }
}
