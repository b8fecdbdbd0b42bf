import ServiceKit
import Testing

struct ServiceAddressesTests {
    @Test func addressesAreReadByName() {
        #expect(ServiceAddresses.parse("a=http://a:1/, b=https://b") == ["a": "http://a:1", "b": "https://b"])
    }

    @Test(arguments: ["", "a", "a=", "a=ftp://x", "a=http://x,a=http://y", "=http://x"])
    func whatIsNoListOfAddressesIsRefused(_ text: String) {
        #expect(ServiceAddresses.parse(text) == nil)
    }
}
