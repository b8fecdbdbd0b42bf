package import Foundation

extension Data: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .bytea }

    package func postgresText() -> String? {
        Bytea.text(self)
    }

    package init(postgres cell: PostgresCell) throws {
        self = Data(try Bytea.read(cell))
    }
}

/// The hex format of `bytea`: `\x` and two digits a byte.
enum Bytea {
    static func text(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 2 + 2 * bytes.count) { buffer in
            buffer[0] = UInt8(ascii: "\\")
            buffer[1] = UInt8(ascii: "x")
            var end = 2
            for byte in bytes {
                buffer[end] = digits[Int(byte >> 4)]
                buffer[end + 1] = digits[Int(byte & 15)]
                end += 2
            }
            return end
        }
    }

    static func read(_ cell: PostgresCell) throws -> [UInt8] {
        let text = try cell.bytes(of: .bytea)
        guard text.count >= 2, text.count.isMultiple(of: 2), text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: "x")
        else {
            throw cell.mismatch("an unreadable bytea")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2 - 1)
        for index in stride(from: 2, to: text.count, by: 2) {
            guard let high = digit(text[index]), let low = digit(text[index + 1]) else {
                throw cell.mismatch("an unreadable bytea")
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
