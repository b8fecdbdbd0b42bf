@main struct TableAllocatorCommand { static func main() {} }
