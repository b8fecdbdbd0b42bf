@main struct MenuSyncCommand { static func main() {} }
