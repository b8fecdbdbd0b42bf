import ArgumentParser
import Foundation
import TestBed

/// The command line of the demo: a paid order on its way to a register, on real parts.
@main
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Starts everything, imports a menu, sends a paid order through, shows its journey, and stays up."
    )

    @Flag(help: "End by itself; exit code 0 only if the menu is there and the register has the order once, paid.")
    var once = false

    func run() async throws {
        let demo = Demo()
        do {
            try await demo.start()
            let isImported = try await demo.showMenu()
            let isDelivered = try await demo.showOrder()
            if once {
                await demo.stop()
                guard isImported, isDelivered else { throw ExitCode(1) }
                return
            }
            demo.showWhatToTry()
            await demo.waitForInterrupt()
            await demo.stop()
        } catch let error as ExitCode {
            throw error
        } catch {
            await demo.stop()
            // One sentence for a person, whatever it was.
            FileHandle.standardError.write(Data("\nThe demo stopped: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }
}
