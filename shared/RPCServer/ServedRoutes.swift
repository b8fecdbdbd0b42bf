import OpenAPI
import Synchronization

/// What a router serves: by which method each path is called, and what the document says about it.
final class ServedRoutes: Sendable {
    private struct State {
        var routes: [(verb: String, path: [Substring])] = []
        var operations: [APIOperation] = []
    }

    private let state = Mutex(State())

    var operations: [APIOperation] { state.withLock { $0.operations } }

    func note(_ verb: String, _ path: String) {
        state.withLock { $0.routes.append((verb, path.split(separator: "/"))) }
    }

    func note(_ operation: APIOperation) {
        state.withLock { $0.operations.append(operation) }
    }

    /// The methods a path is served under; none for a path that does not exist.
    func verbs(of path: String) -> [String] {
        let path = path.split(separator: "/")
        let routes = state.withLock { $0.routes }
        return routes.filter { route in
            route.path.count == path.count
                && zip(route.path, path).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        .map(\.verb)
    }
}
