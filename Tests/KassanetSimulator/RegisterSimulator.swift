/// A strict Vanhoutte or Hendrickx register on a port of its own, to be tested against.
///
/// It runs inside a test process or as the executable of this target; both offer the same through `RegisterSimulator`
/// and over the control API.
package final class RegisterSimulator: Sendable {
    /// Where the register is reached, without a slash at the end: a connection's `base_url`.
    package let baseURL: String
    /// Where the control API is reached.
    package let controlURL: String
    let register: Register
    private let wire: Listener
    private let control: Listener

    /// Opens both ports.
    ///
    /// Throws when one is taken, the ledger cannot be written or a setting makes no sense.
    package static func start(
        _ configuration: SimulatorConfiguration = SimulatorConfiguration()
    ) async throws -> RegisterSimulator {
        try configuration.check()
        let register = try Register(configuration)
        let wire = Listener(
            host: configuration.host,
            port: configuration.port,
            responder: Responder(
                answer: { await register.receive($0) },
                nonsense: { await register.receiveNonsense($0) }
            )
        )
        let api = ControlAPI(register: register, wire: wire)
        let control = Listener(
            host: "127.0.0.1",
            port: configuration.controlPort,
            responder: Responder(answer: { await api.answer($0) }, nonsense: { _ in })
        )
        try await wire.open()
        do {
            try await control.open()
        } catch {
            await wire.shut()
            throw error
        }
        return RegisterSimulator(
            register: register,
            wire: wire,
            control: control,
            baseURL: "http://\(configuration.host):\(await wire.port)\(configuration.basePath)",
            controlURL: "http://127.0.0.1:\(await control.port)"
        )
    }

    private init(register: Register, wire: Listener, control: Listener, baseURL: String, controlURL: String) {
        self.register = register
        self.wire = wire
        self.control = control
        self.baseURL = baseURL
        self.controlURL = controlURL
    }

    /// Shuts both ports; late effects that have not landed never do.
    package func stop() async {
        await wire.shut()
        await control.shut()
        await register.shutDown()
    }

    /// Switches the register off, so that connecting is refused and open connections are reset, or on again.
    ///
    /// Bills, settings and scripted faults survive; the port stays the same.
    package func setPower(on: Bool) async throws {
        if on { try await wire.open() } else { await wire.shut() }
    }
}
