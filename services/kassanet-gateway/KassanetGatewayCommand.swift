@main struct KassanetGatewayCommand { static func main() {} }
