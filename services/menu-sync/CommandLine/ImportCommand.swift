import ArgumentParser
import AsyncHTTPClient
import Contracts
import Foundation
import Logging
import RPC
import RPCClient
import Secrets

/// Imports a location's menu by hand (rule K28): asks a running menu-sync for it and follows it to its end.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import a location's menu from its register, and follow it to its end.",
        discussion: """
            Calls a running menu-sync; the import goes on there when this command is stopped. The token is read from \
            MENU_SYNC_TOKEN. Ends with 0 when the menu is imported, or the plan shown; with 1 when it failed or waits for a \
            person, after saying why and what to do.
            """
    )

    @Argument(help: "The location whose menu is imported.")
    var location: String

    @Option(help: "Whose register it is: hendrickx or vanhoutte.")
    var provider: String

    @Option(help: "The merchant that the location belongs to.")
    var merchant: String

    @Option(help: "Where menu-sync listens; MENU_SYNC_URL is the default.")
    var url: String?

    @Option(help: "Who asks, for the location's history; the user's name is the default.")
    var actor: String?

    @Flag(help: "Show what would change, and change nothing.")
    var plan = false

    @Flag(help: "Where the plan waits for a person, approve all of it.")
    var approve = false

    mutating func validate() throws {
        guard MerchantID(rawValue: merchant) != nil else { throw ValidationError("--merchant \(merchant) is no id.") }
        guard LocationID(rawValue: location) != nil else { throw ValidationError("\(location) is no location's id.") }
        if plan, approve { throw ValidationError("--plan changes nothing, so it has nothing to approve.") }
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let token = environment["MENU_SYNC_TOKEN"], !token.isEmpty else {
            throw ValidationError("MENU_SYNC_TOKEN is not set: the token of a caller that may call menu-sync.")
        }
        let address = url ?? environment["MENU_SYNC_URL"] ?? "http://127.0.0.1:8084"
        let http = HTTPClient.forInternalCalls()
        let following = ImportFollower(
            client: RPCClient(baseURL: address, token: Secret(token), http: http),
            merchant: MerchantID(unchecked: merchant),
            location: LocationID(unchecked: location),
            provider: provider,
            actor: actor ?? environment["USER"].map { "\($0), menu-sync import" } ?? "menu-sync import",
            screen: ImportScreen(isTerminal: isatty(STDOUT_FILENO) == 1)
        )
        let result: Result<Bool, any Error>
        do {
            result = .success(try await following.run(showsPlan: plan, approves: approve))
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        do {
            guard try result.get() else { throw ExitCode(1) }
        } catch let error as RPCError {
            let hint = error.reason == "service_unreachable" ? " Is it running at \(address)? --url says where." : ""
            FileHandle.standardError.write(Data("\(error.message)\(hint)\n".utf8))
            throw ExitCode(1)
        }
    }
}
