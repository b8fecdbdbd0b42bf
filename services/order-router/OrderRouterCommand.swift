@main struct OrderRouterCommand { static func main() {} }
