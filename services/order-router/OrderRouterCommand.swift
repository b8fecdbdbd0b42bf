import ArgumentParser
import ServiceKit

/// The command line of order-router.
@main
struct OrderRouterCommand: AsyncParsableCommand {
    static let configuration = ServiceCommand.configuration(
        OrderRouterApp.name,
        abstract: OrderRouterApp.purpose,
        settings: { _ = Configuration($0) },
        subcommands: [Serve.self, Migrate.self, OpenAPICommand<OrderRouterApp>.self]
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve calls until stopped (the default).")

        func run() async throws {
            try await OrderRouterApp(configuration: SettingsReader.load(Configuration.init)).run()
        }
    }

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Bring the database schema up to date, then exit.")

        func run() async throws {
            let configuration = try await SettingsReader.load(Configuration.init)
            try await migrate(OrderRouterSchema.migrations, schema: OrderRouterSchema.name, configuration.postgres)
        }
    }
}
