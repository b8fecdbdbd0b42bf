import Contracts
import Foundation
import RPC
import RPCClient
import Secrets
import TestBed
import Testing

/// Callers that mean harm, or just behave badly, against a real process: what it costs those beside them, and it.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct HostileClientTests {
    private struct Target {
        let fleet: Fleet
        let port: Int
        let process: Int32

        /// One ordinary call, and how long it took.
        @discardableResult
        func call() async throws -> Duration {
            let start = ContinuousClock.now
            let listed = try await fleet.client(.orderRouter).call(
                OrderRouterV1.listOrders,
                ListOrdersRequest(merchantId: World.merchant),
                context: .byHand()
            )
            #expect(listed.orders.isEmpty)
            return .now - start
        }

        /// One call of the same weight to a process that nobody attacks, and how long it took.
        func callNeighbour() async throws -> Duration {
            let start = ContinuousClock.now
            let listed = try await fleet.client(.tableAllocator).call(
                TableAllocatorV1.listLeases,
                ListLeasesRequest(merchantId: World.merchant, locationId: World.location),
                context: .byHand()
            )
            #expect(listed.leases.isEmpty)
            return .now - start
        }

        /// How long nine of ten calls took at most, here and at the neighbour, by turns.
        ///
        /// What the machine does to both at that moment says nothing about this process.
        func latency(of calls: Int) async throws -> (here: Duration, neighbour: Duration) {
            var (here, neighbour): ([Duration], [Duration]) = ([], [])
            for _ in 0..<calls {
                here.append(try await call())
                neighbour.append(try await callNeighbour())
            }
            return (here.sorted()[calls * 9 / 10], neighbour.sorted()[calls * 9 / 10])
        }
    }

    private func withRouter(patience: String = "3s", _ body: (Target) async throws -> Void) async throws {
        TestBed.raiseDescriptorLimit()
        let database = try await PrivatePostgres.shared.freshDatabase()
        try await Fleet.prepare(database)
        let fleet = try Fleet(
            database: { PrivatePostgres.url(database, role: $0) },
            settings: [.orderRouter: ["HTTP_HEADER_TIMEOUT": patience, "HTTP_BODY_TIMEOUT": patience]]
        )
        do {
            try await fleet.start([.tableAllocator, .orderRouter])
            let port = try #require(URL(string: fleet.url(.orderRouter))?.port)
            let process = try #require(await fleet.process(.orderRouter)).processID
            let target = Target(fleet: fleet, port: port, process: process)
            _ = try await target.latency(of: 20)
            try await body(target)
        } catch {
            await fleet.stop()
            throw error
        }
        await fleet.stop()
    }

    private static let head = """
        POST \(OrderRouterV1.listOrders.path) HTTP/1.1\r
        Host: x\r
        Authorization: Bearer \(Fleet.platformToken.reveal())\r
        Content-Type: application/json\r

        """

    private static let listing = #"{"merchantId":"\#(World.merchant)"}"#

    // F34, G18, I11.
    @Test("A thousand connections that drip headers and bodies: others are served in time, and nothing of it stays")
    func aThousandDrippingConnections() async throws {
        // Long enough that a busy machine has opened a thousand connections before the first of them is cut off.
        try await withRouter(patience: "15s") { target in
            let descriptors = try TestBed.openDescriptors(of: target.process)
            let memory = try TestBed.residentMemory(of: target.process)
            let connections = try await RawConnection.open(1_000, port: target.port) { number in
                number.isMultiple(of: 2) ? "P" : Self.head + "Content-Length: 1000\r\n\r\n{"
            }
            let drip = Task {
                while !Task.isCancelled {
                    for connection in connections { connection.send(" ") }
                    try await Task.sleep(for: .milliseconds(500))
                }
            }
            #expect(try await eventually { try TestBed.openDescriptors(of: target.process) > descriptors + 500 })
            let beside = try await target.latency(of: 100)
            #expect(
                beside.here < max(beside.neighbour * 10, .milliseconds(250)),
                "\(beside.here) instead of \(beside.neighbour)"
            )
            #expect(try TestBed.residentMemory(of: target.process) - memory < 100_000_000)
            // They are still dripping, and are cut off all the same.
            #expect(try await eventually { try TestBed.openDescriptors(of: target.process) < descriptors + 20 })
            drip.cancel()
            _ = await drip.result
            for connection in connections { connection.close() }
            try await target.call()
        }
    }

    private static func request(_ headers: String, _ body: String = "") -> String { head + headers + "\r\n\r\n" + body }

    /// Each must be refused or cut off; none may be taken for one request by us and for two by a proxy.
    private static let shapes: [(String, String)] = [
        (
            "both lengths",
            request("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
        ),
        ("lengths that differ", request("Content-Length: 2\r\nContent-Length: 30", "{}")),
        ("a folded header", request("X-Long: one\r\n two\r\nContent-Length: 2", "{}")),
        ("a length below zero", request("Content-Length: -1", "{}")),
        ("a length with a plus", request("Content-Length: +2", "{}")),
        ("a length beyond 64 bits", request("Content-Length: 99999999999999999999999", "{}")),
        ("an unknown coding", request("Transfer-Encoding: gzip, identity", "{}")),
        ("chunked twice", request("Transfer-Encoding: chunked, chunked", "2\r\n{}\r\n0\r\n\r\n")),
        ("a chunk of no length", request("Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n")),
        ("a chunk beyond 64 bits", request("Transfer-Encoding: chunked", "fffffffffffffffff\r\n{}")),
        ("a space before the colon", request("Content-Length : 2", "{}")),
        ("a NUL in a header", request("X-Nul: a\0b\r\nContent-Length: 2", "{}")),
        ("a bare line feed", request("X-A: b\nContent-Length: 2", "{}")),
        ("no version", "GET /\r\n\r\n"),
        ("not HTTP", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{FC}"),
        (
            "a header of 1 MB",
            request("X-Big: " + String(repeating: "x", count: 1_000_000) + "\r\nContent-Length: 2", "{}")
        ),
        ("ten thousand headers", request((0..<10_000).map { "X-\($0): y" }.joined(separator: "\r\n"), "")),
    ]

    // F34.
    @Test("Requests that two readers could understand differently are refused, and never run as two")
    func ambiguousRequestsAreRefused() async throws {
        try await withRouter { target in
            for (name, shape) in Self.shapes {
                let connection = try RawConnection(port: target.port)
                connection.send(shape)
                let answer = await connection.readToEnd()
                #expect(answer != nil, "\(name): the connection stays open")
                #expect(answer?.contains(" 200 ") != true, "\(name): \(answer?.prefix(200) ?? "")")
                #expect((answer?.components(separatedBy: "HTTP/1.1 ").count ?? 0) <= 2, "\(name): two answers")
                connection.close()
            }
            try await target.call()
        }
    }

    private static let numbers = ["1e400", "-1e400", String(repeating: "9", count: 40), "1.5", "NaN", "0x10"]

    // F34.
    @Test("Monstrous bodies are refused soon, cost bounded memory, and the next call is served")
    func monstrousBodies() async throws {
        try await withRouter { target in
            let submit = "\(target.fleet.url(.orderRouter))\(OrderRouterV1.submitOrder.path)"
            var bodies = Self.numbers.map { #"{"merchantId":"m","totalCents":\#($0)}"# }
            bodies += [
                String(repeating: "[", count: 100_000), String(repeating: #"{"a":"#, count: 30_000),
                "{\"merchantId\":\"a\u{0}b\"}", #"{"merchantId":"\ud800"}"#,
            ]
            for body in bodies {
                let start = ContinuousClock.now
                let answer = try await target.fleet.request("POST", submit, body: body)
                #expect(answer.status == 400, "\(body.prefix(40))")
                // What takes longer than it should, takes minutes.
                #expect(ContinuousClock.now - start < .seconds(45), "\(body.prefix(40))")
            }
            let memory = try TestBed.residentMemory(of: target.process)
            let huge = String(repeating: "x", count: 10_000_000)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { _ = try? await target.fleet.request("POST", submit, body: huge) }
                }
            }
            #expect(try TestBed.residentMemory(of: target.process) - memory < 100_000_000)
            try await target.call()
        }
    }

    // F34, I11.
    @Test("Callers that pipeline requests and never read the answers cost bounded memory, and no descriptors for good")
    func callersThatNeverRead() async throws {
        try await withRouter { target in
            let descriptors = try TestBed.openDescriptors(of: target.process)
            let memory = try TestBed.residentMemory(of: target.process)
            let request = Self.request("Content-Length: \(Self.listing.utf8.count)", Self.listing)
            let connections = try await RawConnection.open(50, port: target.port) { _ in
                String(repeating: request, count: 100)
            }
            _ = try await target.latency(of: 50)
            #expect(try TestBed.residentMemory(of: target.process) - memory < 150_000_000)
            for connection in connections { connection.close() }
            #expect(try await eventually { try TestBed.openDescriptors(of: target.process) < descriptors + 20 })
        }
    }

    @Test("Pipelined requests are answered one by one, in order")
    func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await withRouter { target in
            let connection = try RawConnection(port: target.port)
            let requests = (1...20).map { number in
                Self.request("x-request-id: nr-\(number)-\r\nContent-Length: \(Self.listing.utf8.count)", Self.listing)
            }
            connection.send(requests.joined())
            let answers = await connection.read(until: "nr-20-")
            let order = answers.matches(of: #/nr-([0-9]+)-/#).compactMap { Int($0.1) }
            #expect(order == Array(1...20))
            connection.close()
        }
    }
}
