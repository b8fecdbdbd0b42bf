extension Duration {
    /// As PostgreSQL reads an interval, such as `1500 milliseconds`.
    package var interval: String { "\(milliseconds) milliseconds" }

    /// Whole milliseconds, rounded down; what PostgreSQL's settings count in.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
