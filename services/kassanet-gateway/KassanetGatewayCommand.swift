import ArgumentParser
import ServiceKit

/// The command line of kassanet-gateway.
@main
struct KassanetGatewayCommand: AsyncParsableCommand {
    static let configuration = ServiceCommand.configuration(
        KassanetGatewayApp.name,
        abstract: KassanetGatewayApp.purpose,
        settings: { _ = Configuration($0) },
        subcommands: [
            Serve.self, Migrate.self, ReencryptCredentials.self, OpenAPICommand<KassanetGatewayApp>.self,
        ]
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve calls until stopped (the default).")

        func run() async throws {
            try await KassanetGatewayApp(configuration: SettingsReader.load(Configuration.init)).run()
        }
    }

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Bring the database schema up to date, then exit.")

        func run() async throws {
            let configuration = try await SettingsReader.load(Configuration.init)
            try await migrate(
                KassanetGatewaySchema.migrations,
                schema: KassanetGatewaySchema.name,
                configuration.postgres
            )
        }
    }
}
