@main struct KassanetSimulatorCommand { static func main() {} }
