@main struct MplusGatewayCommand { static func main() {} }
