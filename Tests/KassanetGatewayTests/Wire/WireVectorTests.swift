import Foundation
import Secrets
import Testing

@testable import KassanetGateway

/// The vectors of kassanet-wire.md, computed independently of this code.
@Suite("The wire's published vectors")
struct WireVectorTests {
    private let key = Secret("demo-signature-key")
    private let token = Secret("demo-token-12")
    private let date = "2025-01-02T03:04:05"
    private let order = WireValue.members(("TableNumber", .integer(12)), ("Items", .array([])))

    private var sealed: [UInt8] {
        WireEnvelope(cipher: WireCipher(token: token, padding: .zero)).seal(order)
    }

    private func signature(_ body: [UInt8]) -> String {
        WireSignature.text(date: date, body: body, key: key, encoding: .base64)
    }

    @Test func bodyIsWrittenAsPublished() {
        #expect(String(decoding: WireWriter.bytes(of: order), as: UTF8.self) == #"{"TableNumber":12,"Items":[]}"#)
    }

    @Test func bodyIsEncryptedAsPublished() {
        #expect(String(decoding: sealed, as: UTF8.self) == "LUL///acsnnfdyDc4ip+oLoCJSDla0p+7yNAWW4qZQE=")
    }

    @Test func encryptedPostIsSignedAsPublished() {
        #expect(signature(sealed) == "rpM161aut0Tz7QT29X83XKoYxjozG6dN6tW51bGIehM=")
    }

    @Test func plainPostIsSignedAsPublished() {
        #expect(signature(WireEnvelope(cipher: nil).seal(order)) == "iY04K309P0QmKn+v0FGNLtJWLaDGRPTAfxsNFUYsHvg=")
    }

    @Test func getIsSignedOverTheDateAlone() {
        #expect(signature([]) == "ATmQD/wFCMghrbqX99TlIdTRNe36X8TnjMxujB8QDt0=")
    }

    @Test func keyPaddedTo16GivesThePublishedWrongText() {
        let padded = WireCipher(token: Secret("demo-token-12\0\0\0"), padding: .zero)
        let wrong = "Da7F80nq20IwHOuoHSPz/dNhMRdene8M/KE633XJ+n4="
        #expect(String(decoding: WireEnvelope(cipher: padded).seal(order), as: UTF8.self) == wrong)
    }

    @Test func hexSignatureIsTheSameBytesInLowerCase() throws {
        let hex = WireSignature.text(date: date, body: [], key: key, encoding: .hex)
        let expected = try #require(Data(base64Encoded: signature([])))
        #expect(hex == expected.map { String(format: "%02x", $0) }.joined())
        #expect(hex == hex.lowercased())
    }

    @Test func dateIsTheWallClockOfTheChosenZone() throws {
        let brussels = try #require(TimeZone(identifier: "Europe/Brussels"))
        let winter = Date(timeIntervalSince1970: 1_735_787_045.9)
        let summer = Date(timeIntervalSince1970: 1_751_328_000)
        let location = WireSettings(timeZone: brussels)
        let utc = WireSettings(dateZone: .utc, timeZone: brussels)
        #expect(WireDate.text(of: winter, settings: location) == "2025-01-02T04:04:05")
        #expect(WireDate.text(of: winter, settings: utc) == "2025-01-02T03:04:05")
        #expect(WireDate.text(of: summer, settings: location) == "2025-07-01T02:00:00")
        #expect(WireDate.text(of: summer, settings: utc) == "2025-07-01T00:00:00")
    }
}
