/// Returns when a condition holds that nothing tells of; it is looked at every few milliseconds.
///
/// The limit only ends a test that would hang: after it, the error names what was waited for.
package func until(
    _ what: String,
    within limit: Duration = .seconds(120),
    _ isSo: () async throws -> Bool
) async throws {
    guard try await eventually(within: limit, isSo) else { throw TestBedError("Never came: \(what)") }
}

/// Whether a condition comes true within the limit, as ``until(_:within:_:)`` looks at it.
package func eventually(
    within limit: Duration = .seconds(60),
    _ isSo: () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end, !Task.isCancelled {
        if try await isSo() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return try await isSo()
}
