import Testing

@testable import KassanetSimulator

@Suite struct EnvelopeTests {
    private let envelope = SimulatorConfiguration.test.envelope
    private let plain = Array(#"{"TableNumber":12,"Items":[]}"#.utf8)
    private let sealed = "LUL///acsnnfdyDc4ip+oLoCJSDla0p+7yNAWW4qZQE="
    private let date = TestRequest.clockFace

    private func with(padding: WirePadding = .zero, encoding: SignatureEncoding = .base64, token: String) -> Envelope {
        Envelope(signatureKey: "demo-signature-key", signatureEncoding: encoding, token: token, padding: padding)
    }

    @Test func theEncryptedBodyIsThatOfTheVectors() throws {
        #expect(envelope.seal(plain) == sealed)
        #expect(try envelope.open(Array(sealed.utf8)) == plain)
    }

    @Test func theSignaturesAreThoseOfTheVectors() {
        #expect(
            envelope.signature(date: date, body: Array(sealed.utf8)) == "rpM161aut0Tz7QT29X83XKoYxjozG6dN6tW51bGIehM="
        )
        #expect(envelope.signature(date: date, body: plain) == "iY04K309P0QmKn+v0FGNLtJWLaDGRPTAfxsNFUYsHvg=")
        #expect(envelope.signature(date: date, body: []) == "ATmQD/wFCMghrbqX99TlIdTRNe36X8TnjMxujB8QDt0=")
    }

    @Test func aKeyFilledUpWithZerosGivesTheWrongBodyOfTheVectors() {
        let filled = with(token: "demo-token-12\0\0\0")
        // Blowfish repeats its key, so the filled key is another key and its text another text.
        #expect(filled.seal(plain) == "Da7F80nq20IwHOuoHSPz/dNhMRdene8M/KE633XJ+n4=")
    }

    @Test func hexSignaturesAreLowerCase() {
        let hex = with(encoding: .hex, token: "demo-token-12").signature(date: date, body: [])
        #expect(hex == "0139900ffc0508c821adba97f7d4e521d4d135edfa5fc4e78ccc6e8c1f100edd")
    }

    @Test(arguments: [WirePadding.zero, .pkcs7], 1...17)
    func whatIsSealedOpensAgain(padding: WirePadding, length: Int) throws {
        let text = [UInt8](repeating: UInt8(ascii: "x"), count: length)
        let envelope = with(padding: padding, token: "demo-token-12")
        #expect(try envelope.open(Array(envelope.seal(text).utf8)) == text)
    }

    @Test func anAlignedTextIsNotPaddedWithZeros() {
        let aligned = [UInt8](repeating: UInt8(ascii: "x"), count: 16)
        #expect(envelope.seal(aligned).utf8.count == 24)
        #expect(with(padding: .pkcs7, token: "demo-token-12").seal(aligned).utf8.count == 32)
    }

    @Test(arguments: ["", "not base64", "QUJDREVGR0hJSg==", "LUL///acsnnfdyDc4ip+oLoCJSDla0p+7yNAWW4qZQE=\n"])
    func aBodyThatIsNotWholeBlocksInBase64DoesNotOpen(body: String) {
        #expect(throws: EnvelopeError.self) { try envelope.open(Array(body.utf8)) }
    }

    @Test func aBlockOfZerosTooManyIsWrongPadding() {
        let tooMuch = envelope.seal(plain + [UInt8](repeating: 0, count: 11))
        #expect(throws: EnvelopeError(rule: .padding, detail: "11 zero bytes, where at most 7 can be needed")) {
            try envelope.open(Array(tooMuch.utf8))
        }
        let pkcs7 = with(padding: .pkcs7, token: "demo-token-12")
        #expect(throws: EnvelopeError(rule: .padding, detail: "the padding is not PKCS #7")) {
            try pkcs7.open(Array(sealed.utf8))
        }
    }
}
