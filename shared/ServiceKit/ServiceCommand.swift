package import ArgumentParser

/// What the commands of all services say in the same words.
package enum ServiceCommand {
    /// The configuration of a service's command: what it is, and every setting it reads.
    package static func configuration(
        _ name: String,
        abstract: String,
        settings: (SettingsReader) -> Void,
        subcommands: [any ParsableCommand.Type] = []
    ) -> CommandConfiguration {
        CommandConfiguration(
            commandName: name,
            abstract: abstract,
            discussion: SettingsReader.explanation(of: settings),
            version: ServiceRuntime.version,
            subcommands: subcommands + [HealthCheck.self],
            defaultSubcommand: subcommands.first
        )
    }
}

extension SettingsReader {
    /// Reads a service's settings from the environment, or throws all that is wrong with them.
    package static func load<Settings>(_ read: (SettingsReader) -> Settings) async throws -> Settings {
        let reader = try await SettingsReader.fromEnvironment()
        let settings = read(reader)
        try reader.finish()
        return settings
    }
}
