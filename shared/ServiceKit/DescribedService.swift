package import ArgumentParser
package import OpenAPI

/// A service that can say what it offers without being run.
package protocol DescribedService: Sendable {
    static var name: String { get }
    /// What it is for, in a sentence.
    static var purpose: String { get }
    /// Everything callers may ask of it.
    static var operations: [APIOperation] { get }
}

/// The `openapi` command of a service: prints its document and ends.
///
/// It needs no settings.
package struct OpenAPICommand<Described: DescribedService>: ParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "openapi",
            abstract: "Print the OpenAPI document of what is served, then exit."
        )
    }

    package init() {}

    package func run() throws {
        let document = OpenAPIDocument(
            service: Described.name,
            purpose: Described.purpose,
            version: ServiceRuntime.version,
            operations: Described.operations
        )
        print(try document.text(), terminator: "")
    }
}
