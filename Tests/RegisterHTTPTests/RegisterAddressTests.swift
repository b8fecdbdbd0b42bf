import RegisterHTTP
import Testing

@Suite("The base address of a register")
struct RegisterAddressTests {
    @Test(
        arguments: [
            ("http://192.0.2.1:8080", "http://192.0.2.1:8080", "192.0.2.1", 8080),
            (" https://Kassa.Example.BE/api/ ", "https://kassa.example.be/api", "kassa.example.be", nil),
            ("HTTP://host//", "http://host", "host", nil),
            ("http://[2001:DB8::1]:81/a/b", "http://[2001:db8::1]:81/a/b", "2001:db8::1", 81),
            ("http://2130706433/", "http://2130706433", "2130706433", nil),
            ("http://host/Path", "http://host/Path", "host", nil),
        ] as [(String, String, String, Int?)]
    )
    func acceptedAddressLosesItsTrailingSlashes(_ input: String, _ text: String, _ host: String, _ port: Int?) throws {
        let address = try RegisterAddress(validating: input)
        #expect(address.text == text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.usesTLS == text.hasPrefix("https"))
    }

    @Test(arguments: [
        "", "   ", "host:80", "ftp://host", "file:///etc/passwd", "gopher://host", "http:/host", "http://",
        "http:///path", "http://user@host", "http://user:secret@host", "http://host@169.254.169.254", "http://host?x=1",
        "http://host/#a", "http://host:0", "http://host:65536", "http://host:", "http://host:+80", "http://host:80:80",
        "http://[::1", "http://[1.2.3.4]", "http://[::1]x", "http://[fe80::1%25eth0]", "http://ho st", "http://ho\nst",
        "http://host\\@other", "http://café.be", "http://host%2eexample", "http://host/a/../b",
    ])
    func anythingElseIsRefusedWithTheFieldNamed(_ input: String) {
        let error = #expect(throws: RegisterAddressError.self) { try RegisterAddress(validating: input) }
        #expect(error?.description.hasPrefix("base_url ") == true)
        #expect(error?.description.contains("http://host:port") == true)
        #expect(error?.description.contains("secret") == false)
    }
}
