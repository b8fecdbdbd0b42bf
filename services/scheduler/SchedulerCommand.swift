@main struct SchedulerCommand { static func main() {} }
