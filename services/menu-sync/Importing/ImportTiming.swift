import RPC

/// How patient imports are (rule K21).
struct ImportTiming: Sendable {
    /// How often a stage is tried.
    var attempts = 3
    /// How long after an attempt that failed the next begins.
    var pause: Duration = .seconds(30)
    /// How long one attempt may take.
    var limit: Duration = .seconds(300)
    /// How long an import stays a worker's without a sign of life.
    var lease: Duration = .seconds(30)
    /// How often due imports are looked for; being woken is quicker, this is the truth.
    var poll: Duration = .seconds(1)
    /// How far apart two writes of a stage's progress are at least.
    var progress: Duration = .milliseconds(300)
    /// How many workers may vanish during one stage before the import is given up: it may be what kills them.
    var takeovers = 10
}
