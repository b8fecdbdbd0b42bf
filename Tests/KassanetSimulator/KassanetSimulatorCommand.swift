import ArgumentParser
import Foundation

@main
struct KassanetSimulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kassanet-simulator",
        abstract: "A strict Kassanet register to test against.",
        discussion: """
            Prints one line of JSON with baseUrl and controlUrl when both ports are open (several registers: one line each, \
            and one more when all are there), and runs until SIGTERM or SIGINT. Everything that happens is in the ledger, also after SIGKILL.
            """
    )

    @Option(help: "The address the register listens on.") var host = "127.0.0.1"
    @Option(help: "The register's port; 0 takes any.") var port = 0
    @Option(help: "The control API's port, on loopback; 0 takes any.") var controlPort = 0
    @Option(help: "What stands before the endpoint, such as /kassanet.") var basePath = ""
    @Option(help: "A file that every effect is appended to as a line of JSON.") var ledger: String?
    @Option(help: "The key that requests are signed with.") var signatureKey = "demo-signature-key"
    @Option(help: "base64 or hex.") var signatureEncoding = SignatureEncoding.base64
    @Option(help: "The Blowfish key, 4 to 56 bytes.") var encryptionToken = "demo-token-12"
    @Flag(inversion: .prefixedNo, help: "Whether bodies are encrypted, below /SEC1.") var encryption = true
    @Option(help: "zero or pkcs7.") var padding = WirePadding.zero
    @Option(help: "Whose clock the Date header shows: location or utc.") var dateZone = DateZone.location
    @Option(help: "The location's time zone.") var timeZone = "Europe/Brussels"
    @Option(help: "How many seconds the Date header may be off.") var dateWindow = 300.0
    @Option(help: "The physical tables.") var tables = NumberList(numbers: Array(1...40))
    @Option(help: "The numbers without a table.") var freeTables = NumberList(numbers: Array(901...999))
    @Flag(inversion: .prefixedNo, help: "Whether the tip calculator is on.") var tips = false
    @Option(help: "How many made-up products the catalogue has besides its own.") var generatedProducts = 0
    @Option(help: "List only every so manyth of them; 10 leaves a tenth.") var keepEvery = 1
    @Option(help: "Cents added to the price of every --price-shift-every-th of them.") var priceShiftCents = 0
    @Option(help: "Which of them have another price.") var priceShiftEvery = 1
    @Option(help: "Every how manyth of them has another name; 0 for none.") var renameEvery = 0
    @Option(help: "Every how manyth of them lacks its price; 0 for none.") var brokenProductEvery = 0
    @Option(help: "Every how manyth of them is counted down; 0 for none.") var countdownEvery = 0
    @Flag(help: "List everything that a register may get wrong, too.") var awkward = false
    @Flag(help: "List no products, categories and selections.") var empty = false
    @Flag(help: "List tables as plain numbers.") var plainTables = false
    @Flag(help: "Charge the prices of the register's own products.") var ownPrices = false
    @Option(help: "How many registers, each on ports of its own; more than one take any free ports.") var registers = 1

    func validate() throws {
        guard (1...1_000).contains(registers) else { throw ValidationError("--registers is 1 to 1000.") }
        guard registers == 1 || (port == 0 && controlPort == 0 && ledger == nil) else {
            throw ValidationError("--port, --control-port and --ledger are for one register.")
        }
        do {
            try catalogChange.check()
        } catch {
            throw ValidationError("\(error.description).")
        }
    }

    func run() async throws {
        let signals = StopSignals()
        var simulators: [RegisterSimulator] = []
        for _ in 0..<registers {
            let simulator = try await RegisterSimulator.start(simulatorConfiguration)
            simulators.append(simulator)
            try print(["baseUrl": .string(simulator.baseURL), "controlUrl": .string(simulator.controlURL)])
        }
        if registers > 1 { try print(["ready": .number(String(registers))]) }
        await signals.first()
        for simulator in simulators { await simulator.stop() }
    }

    private func print(_ line: WireValue) throws {
        try FileHandle.standardOutput.write(contentsOf: Data((line.ascii + "\n").utf8))
    }

    private var catalogChange: RegisterSettingsChange {
        var change = RegisterSettingsChange()
        change.generatedProducts = generatedProducts
        change.keepEvery = keepEvery
        change.priceShiftCents = priceShiftCents
        change.priceShiftEvery = priceShiftEvery
        change.renameEvery = renameEvery
        change.brokenProductEvery = brokenProductEvery
        change.countdownEvery = countdownEvery
        change.awkward = awkward
        change.empty = empty
        change.plainTables = plainTables
        return change
    }

    private var simulatorConfiguration: SimulatorConfiguration {
        var configuration = SimulatorConfiguration()
        configuration.host = host
        configuration.port = port
        configuration.controlPort = controlPort
        configuration.basePath = basePath
        configuration.ledgerPath = ledger
        configuration.signatureKey = signatureKey
        configuration.signatureEncoding = signatureEncoding
        configuration.encryptionToken = encryptionToken
        configuration.encryption = encryption
        configuration.padding = padding
        configuration.dateZone = dateZone
        configuration.timeZone = timeZone
        configuration.dateWindowSeconds = dateWindow
        configuration.settings.tables = tables.numbers
        configuration.settings.freeTables = freeTables.numbers
        configuration.settings.tips = tips
        configuration.settings.ownPrices = ownPrices
        catalogChange.apply(to: &configuration.settings)
        return configuration
    }
}

extension SignatureEncoding: ExpressibleByArgument {}
extension WirePadding: ExpressibleByArgument {}
extension DateZone: ExpressibleByArgument {}
