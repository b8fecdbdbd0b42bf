import Foundation
import Secrets
import Testing

@testable import KassanetGateway

@Suite("What wraps a body")
struct WireEnvelopeTests {
    private static func envelope(
        _ padding: WireSettings.Padding? = .zero,
        token: String = "demo-token-12"
    ) -> WireEnvelope {
        WireEnvelope(cipher: padding.flatMap { WireCipher(token: Secret(token), padding: $0) })
    }

    private static func cipher(_ padding: WireSettings.Padding) throws -> WireCipher {
        let cipher = WireCipher(token: Secret("demo-token-12"), padding: padding)
        return try #require(cipher)
    }

    private func failure(of answer: [UInt8], _ envelope: WireEnvelope) -> WireReadFailure? {
        do {
            _ = try envelope.open(answer)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [WireSettings.Padding.zero, .pkcs7, nil], 0...20)
    func bodyOfAnyLengthComesBackUnderEverySetting(_ padding: WireSettings.Padding?, _ length: Int) throws {
        let envelope = Self.envelope(padding)
        let text = String("Crème brûlée 🍮 for two".prefix(length))
        let body = WireValue.members(("Text", .string(text)), ("Price", .cents(350)))
        let sealed = envelope.seal(body)
        #expect(sealed.allSatisfy { $0 < 0x80 })
        #expect(try envelope.open(sealed) == body)
    }

    @Test(arguments: [WireSettings.Padding.zero, .pkcs7, nil])
    func plainJSONIsAcceptedUnderEverySetting(_ padding: WireSettings.Padding?) throws {
        let envelope = Self.envelope(padding)
        let expected = WireValue.members(("a", .integer(1)))
        for text in [#"{"a":1}"#, " \r\n{\"a\":1}\n ", "\u{feff}{\"a\":1}", "\n\u{feff} {\"a\":1}"] {
            #expect(try envelope.open(Array(text.utf8)) == expected)
        }
    }

    @Test func alignedTextGetsNoZeroPadding() throws {
        let cipher = try Self.cipher(.zero)
        #expect(cipher.encrypt(Array("12345678".utf8)).count == 8)
        #expect(cipher.encrypt(Array("123456789".utf8)).count == 16)
        let other = try Self.cipher(.pkcs7)
        #expect(other.encrypt(Array("12345678".utf8)).count == 16)
    }

    @Test func byteOrderMarkAndWhiteSpaceInsideAndAroundAnEncryptedAnswerAreIgnored() throws {
        let cipher = try Self.cipher(.zero)
        let base64 = Data(cipher.encrypt(Array("\u{feff} {\"a\":1} \n".utf8))).base64EncodedString()
        let middle = base64.index(base64.startIndex, offsetBy: 10)
        let wrapped = "\u{feff}\n \(base64[..<middle])\r\n\(base64[middle...]) \n"
        #expect(try Self.envelope().open(Array(wrapped.utf8)) == .members(("a", .integer(1))))
    }

    @Test(arguments: ["<html>Bad gateway</html>", "not base64 at all!", "LUL///a", "é", "\u{0}\u{1}"])
    func answerThatIsNoBase64IsNamedSo(_ text: String) throws {
        #expect(failure(of: Array(text.utf8), Self.envelope())?.rawValue == "Invalid base64 input")
    }

    @Test func invalidUTF8IsNoBase64() throws {
        #expect(failure(of: [0xff, 0xfe, 0x80], Self.envelope()) == .base64)
    }

    @Test(arguments: ["AAAA", "AAAAAAAAAAAAAAA="])
    func base64OfAnOddLengthIsADecryptionError(_ text: String) throws {
        #expect(failure(of: Array(text.utf8), Self.envelope())?.rawValue == "Blowfish decryption error")
    }

    @Test func answerUnderAnotherTokenIsNoJSON() throws {
        let sealed = Self.envelope(token: "another-token").seal(.members(("a", .integer(1))))
        let name = "Invalid JSON response: possibly incorrect encryption token"
        #expect(failure(of: sealed, Self.envelope())?.rawValue == name)
    }

    @Test func wrongTokenShowsInPKCS7Padding() throws {
        let sealed = Self.envelope(.pkcs7, token: "another-token").seal(.members(("a", .integer(1))))
        #expect(failure(of: sealed, Self.envelope(.pkcs7)) == .decryption)
    }

    @Test(arguments: ["", "hello", "true", "12", "LUL///acsnnfdyDc4ip+oLoCJSDla0p+7yNAWW4qZQE=", "{\"a\":", "{]"])
    func withoutEncryptionEverythingElseIsNoJSON(_ text: String) {
        #expect(failure(of: Array(text.utf8), WireEnvelope(cipher: nil)) == .json)
    }

    @Test func emptyAnswerIsNoJSON() throws {
        #expect(failure(of: [], Self.envelope()) == .json)
        #expect(failure(of: [], Self.envelope(.pkcs7)) == .json)
    }

    @Test(arguments: [("abc", false), ("abcd", true), (String(repeating: "k", count: 56), true)])
    func tokenIsUsedFrom4To56Bytes(_ token: String, _ accepted: Bool) {
        #expect((WireCipher(token: Secret(token), padding: .zero) != nil) == accepted)
        #expect(WireCipher(token: Secret(String(repeating: "é", count: 29)), padding: .zero) == nil)
    }
}
