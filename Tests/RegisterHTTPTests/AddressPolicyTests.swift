import RegisterHTTP
import Testing

@Suite("Which addresses a register may have")
struct AddressPolicyTests {
    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1",
        "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1",
        "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "192.175.48.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "::ffff:0:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
        "2002:7f00:1::1", "2002:808:808::1", "2620:4f:8000::1", "3ffe::1", "3fff::1", "3fff:fff::1", "4000::1",
        "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "ff0e::1",
    ])
    func addressThatIsNotPublicIsRefused(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!AddressPolicy().allows(address))
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255",
        "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.255.255",
        "198.17.255.255", "198.20.0.1", "223.255.255.255", "::ffff:8.8.8.8", "2001:200::1", "2001:4860:4860::8888",
        "2003::1",
        "2606:4700::1111", "2a00:1450::1", "3ffd::1", "3fff:1000::1",
    ])
    func publicAddressIsAllowed(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(AddressPolicy().allows(address))
    }

    @Test func namedNetworkIsAllowedAndItsNeighbourIsNot() throws {
        let policy = try AddressPolicy(allowedNetworks: "127.0.0.0/8, 10.1.0.0/16,::1/128, 192.168.7.9")
        for text in ["127.0.0.1", "10.1.200.3", "::1", "192.168.7.9", "::ffff:10.1.0.1", "8.8.8.8"] {
            #expect(policy.allows(try #require(IPAddress(text))), "\(text)")
        }
        for text in ["10.2.0.1", "::2", "192.168.7.10", "64:ff9b::a01:1", "2002:a01:1::1"] {
            #expect(!policy.allows(try #require(IPAddress(text))), "\(text)")
        }
    }

    @Test func mappedIPv4IsTheAddressItMaps() {
        #expect(IPAddress("::ffff:127.0.0.1") == IPAddress("127.0.0.1"))
        #expect(IPAddress("::ffff:7f00:1") == IPAddress("127.0.0.1"))
    }

    @Test(arguments: ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.1/8", "10.0.0.0/8/8", "::1/129", "localhost", "10.0/8"])
    func textThatIsNoNetworkIsNamedInTheError(_ text: String) {
        let error = #expect(throws: IPNetworkError.self) { try IPNetwork(text) }
        #expect(error?.description.contains("\"\(text)\"") == true)
    }

    @Test func emptyListOfNetworksIsNone() throws {
        #expect(try IPNetwork.list(" ") == [])
        #expect(try IPNetwork.list("10.0.0.0/8,") == [try IPNetwork("10.0.0.0/8")])
    }
}
