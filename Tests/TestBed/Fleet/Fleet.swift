import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Postgres
package import RPC
package import RPCClient
package import Secrets

/// The services as processes, on one database: what the demo shows and what system tests break.
///
/// Ports stay the same when a service is started again, and every process dies with this one.
package actor Fleet {
    package enum Member: String, CaseIterable, Sendable {
        case kassanetGateway = "kassanet-gateway"
        case mplusGateway = "mplus-gateway"
        case tableAllocator = "table-allocator"
        case orderRouter = "order-router"
        case menuSync = "menu-sync"
        case scheduler

        /// Its schema, and the role it has in the database.
        var schema: String { rawValue.replacing("-", with: "_") }
    }

    /// The token of a caller that may do everything, for people and tests.
    package static let platformToken = Secret("demo-token-for-local-use")

    private let database: @Sendable (String) -> Secret
    private let settings: [Member: [String: String]]
    private let ports: [Member: Int]
    private let http = HTTPClient.forInternalCalls()
    private var running: [Member: ChildProcess] = [:]
    private var outputs: [URL] = []

    /// A fleet on the database whose URL for each role `database` gives.
    ///
    /// Members that `ports` does not name listen on any free port; `settings` go over those every member gets.
    package init(
        database: @escaping @Sendable (String) -> Secret,
        ports: [Member: Int] = [:],
        settings: [Member: [String: String]] = [:]
    ) throws {
        self.database = database
        self.settings = settings
        var all = ports
        for member in Member.allCases where all[member] == nil { all[member] = try TestBed.freePort() }
        self.ports = all
    }

    /// Creates a role and a schema for each service, as the platform team does it.
    package static func prepare(_ administrator: Secret) async throws {
        let pool = PostgresPool(
            PostgresConfiguration(
                url: administrator,
                maxConnections: 1,
                acquireTimeout: .seconds(60),
                connectTimeout: .seconds(30),
                statementTimeout: .seconds(60),
                applicationName: "fleet"
            ),
            logger: Logger(label: "fleet") { _ in SwiftLogNoOpLogHandler() }
        )
        let script = Member.allCases.map(\.schema).map { schema in
            """
            DO $$ BEGIN
                IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '\(schema)') THEN
                    CREATE ROLE \(schema) LOGIN;
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$;
            CREATE SCHEMA \(schema) AUTHORIZATION \(schema);
            """
        }
        do {
            try await pool.executeScript(script.joined(separator: "\n"))
        } catch {
            await pool.shutdown()
            throw error
        }
        await pool.shutdown()
    }

    /// Starts members that are not running, each when the one before answers.
    package func start(_ members: [Member]) async throws {
        for member in members where running[member]?.isRunning != true {
            let process = try ChildProcess.start(
                TestBed.productsDirectory.appending(path: member.rawValue),
                environment: environment(of: member)
            )
            running[member] = process
            outputs.append(process.output)
        }
        for member in members {
            guard let process = running[member] else { continue }
            do {
                _ = try await process.waitForLine(matching: "Service started", timeout: .seconds(120))
            } catch {
                throw TestBedError(
                    "\(member.rawValue) did not start:\n\(process.lines().suffix(5).joined(separator: "\n"))"
                )
            }
        }
    }

    /// Kills a member the way a machine dies.
    package func kill(_ member: Member) async {
        guard let process = running.removeValue(forKey: member) else { return }
        process.kill()
        await process.waitForExit()
    }

    /// The process of a member that is running.
    package func process(_ member: Member) -> ChildProcess? { running[member] }

    /// Asks all members to stop, those on top first, and waits for them.
    ///
    /// - Returns: How each ended.
    @discardableResult
    package func stop() async -> [Member: ChildProcess.Exit] {
        var exits: [Member: ChildProcess.Exit] = [:]
        for member in Member.allCases.reversed() {
            guard let process = running.removeValue(forKey: member) else { continue }
            exits[member] = await process.stop(grace: .seconds(40))
        }
        try? await http.shutdown()
        return exits
    }

    /// Everything that members have written since the first start.
    package func output() -> String {
        outputs.map { (try? String(contentsOf: $0, encoding: .utf8)) ?? "" }.joined()
    }

    // MARK: - Calling members

    package nonisolated func url(_ member: Member) -> String { "http://127.0.0.1:\(ports[member] ?? 0)" }

    /// A client with the platform's token.
    package nonisolated func client(_ member: Member, token: Secret = Fleet.platformToken) -> RPCClient {
        RPCClient(baseURL: url(member), token: token, http: http)
    }

    /// A client of a member behind something that stands before it, such as a ``FaultProxy``.
    package nonisolated func client(
        _ member: Member,
        at url: String,
        token: Secret = Fleet.platformToken
    ) -> RPCClient {
        RPCClient(baseURL: url, token: token, http: http)
    }

    /// Calls a plain HTTP route; the body is JSON.
    package nonisolated func request(
        _ method: String,
        _ url: String,
        body: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> (status: Int, body: String) {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "Authorization", value: "Bearer \(Self.platformToken.reveal())")
        request.headers.add(name: "Content-Type", value: "application/json")
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await http.execute(request, timeout: .seconds(120))
        let answer = try await response.body.collect(upTo: 16 * 1024 * 1024)
        return (Int(response.status.code), String(buffer: answer))
    }

    // MARK: - Settings

    /// The environment a member is started with.
    package func environment(of member: Member) -> [String: String] {
        let inherited = ProcessInfo.processInfo.environment
        var environment = inherited.filter { ["PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH"].contains($0.key) }
        environment["HTTP_HOST"] = "127.0.0.1"
        environment["HTTP_PORT"] = String(ports[member] ?? 0)
        environment["CALLERS"] = Self.callers
        environment["DATABASE_URL"] = database(member.schema).reveal()
        switch member {
        case .kassanetGateway:
            environment["CREDENTIAL_KEYS"] = "local:\(Data(repeating: 7, count: 32).base64EncodedString())"
            environment["REGISTER_NETWORKS"] = "127.0.0.0/8"
        case .tableAllocator:
            environment["CALLER_TOKEN"] = Self.internalToken(member)
            environment["GATEWAYS"] = "kassanet=\(url(.kassanetGateway))"
            environment["QR_ADDRESS"] = "https://order.upvendo.example/t/{code}"
        case .orderRouter:
            environment["CALLER_TOKEN"] = Self.internalToken(member)
            environment["GATEWAYS"] = "kassanet=\(url(.kassanetGateway))"
            environment["ALLOCATOR_URL"] = url(.tableAllocator)
            environment["MENU_SYNC_URL"] = url(.menuSync)
        case .scheduler:
            environment["CALLER_TOKEN"] = Self.internalToken(member)
            environment["GATEWAYS"] = "kassanet=\(url(.kassanetGateway))"
            environment["ORDER_ROUTER_URL"] = url(.orderRouter)
            environment["MENU_SYNC_URL"] = url(.menuSync)
            environment["ALLOCATOR_URL"] = url(.tableAllocator)
        case .menuSync:
            environment["CALLER_TOKEN"] = Self.internalToken(member)
            environment["GATEWAYS"] = "kassanet=\(url(.kassanetGateway))"
            environment["ALLOCATOR_URL"] = url(.tableAllocator)
        case .mplusGateway:
            break
        }
        return environment.merging(settings[member] ?? [:]) { $1 }
    }

    private static func internalToken(_ member: Member) -> String { "local-token-of-\(member.rawValue)" }

    private static var callers: String {
        let everything = #""services":["*"],"merchants":["*"]"#
        let gateway = #""services":["upvendo.pos.v1.PosGateway"],"merchants":["*"]"#
        let below = #""services":["upvendo.pos.v1.PosGateway","upvendo.tables.v1.TableAllocator"],"merchants":["*"]"#
        let services = ["upvendo.pos.v1.PosGateway", "upvendo.tables.v1.TableAllocator", "upvendo.menus.v1.MenuSync"]
        let belowAndMenus = #""services":["\#(services.joined(separator: #"",""#))"],"merchants":["*"]"#
        let scheduled = """
            "services":["upvendo.pos.v1.PosGateway","upvendo.tables.v1.TableAllocator","upvendo.orders.v1.OrderRouter",
            "upvendo.menus.v1.MenuSync","upvendo.retention.v1.Retention","upvendo.schedule.v1.Scheduler"],"merchants":["*"]
            """
        return """
            [{"name":"platform","tokens":["\(platformToken.reveal())"],\(everything)},
            {"name":"scheduler","tokens":["\(internalToken(.scheduler))"],\(scheduled)},
            {"name":"order-router","tokens":["\(internalToken(.orderRouter))"],\(belowAndMenus)},
            {"name":"menu-sync","tokens":["\(internalToken(.menuSync))"],\(below)},
            {"name":"table-allocator","tokens":["\(internalToken(.tableAllocator))"],\(gateway)}]
            """
    }
}

extension PrivatePostgres {
    /// The URL of a database for a role.
    package nonisolated static func url(_ administrator: Secret, role: String) -> Secret {
        Secret(administrator.reveal().replacing("//postgres@", with: "//\(role)@"))
    }
}

extension CallContext {
    /// A call by a person or a test.
    package static func byHand(timeout: Duration = .seconds(60)) -> CallContext {
        .background(timeout: timeout, logger: Logger(label: "by-hand") { _ in SwiftLogNoOpLogHandler() })
    }
}
