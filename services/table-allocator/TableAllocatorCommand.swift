import ArgumentParser
import ServiceKit

/// The command line of table-allocator.
@main
struct TableAllocatorCommand: AsyncParsableCommand {
    static let configuration = ServiceCommand.configuration(
        TableAllocatorApp.name,
        abstract: TableAllocatorApp.purpose,
        settings: { _ = Configuration($0) },
        subcommands: [Serve.self, Migrate.self, OpenAPICommand<TableAllocatorApp>.self]
    )
}

extension TableAllocatorCommand {
    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve until a signal (the default).")

        func run() async throws {
            try await TableAllocatorApp(configuration: SettingsReader.load(Configuration.init)).run()
        }
    }

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Bring the database schema up to date, and end.")

        func run() async throws {
            try await TableAllocatorApp(configuration: SettingsReader.load(Configuration.init)).migrate()
        }
    }
}
