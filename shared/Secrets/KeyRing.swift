import Crypto
package import Foundation

/// The keys that credentials are stored under: AES-256-GCM, with the key's id beside each record.
///
/// The first key encrypts; all of them decrypt. A key is replaced by putting a new one in front, encrypting the records
/// anew, and then dropping the old one.
package struct KeyRing: Sendable {
    private let keys: [(id: String, key: SymmetricKey)]

    /// Reads the `CREDENTIAL_KEYS` setting: `id:base64,id:base64`, newest first, each key 32 bytes.
    package init(_ setting: Secret) throws(KeyRingError) {
        var keys: [(id: String, key: SymmetricKey)] = []
        for entry in setting.reveal().split(separator: ",") {
            let parts = entry.split(separator: ":", maxSplits: 1).map {
                $0.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            guard parts.count == 2, !parts[0].isEmpty, let bytes = Data(base64Encoded: parts[1]), bytes.count == 32
            else {
                throw .malformed
            }
            let id = parts[0]
            guard !keys.contains(where: { $0.id == id }) else { throw .repeatedKey(id) }
            keys.append((id, SymmetricKey(data: bytes)))
        }
        guard !keys.isEmpty else { throw .malformed }
        self.keys = keys
    }

    /// The id of the key that ``seal(_:for:)`` uses.
    package var currentKeyID: String { keys[0].id }

    /// The ids of all keys, newest first.
    package var keyIDs: [String] { keys.map(\.id) }

    /// Encrypts a text for one owner.
    ///
    /// `owner`: whose it is, such as `merchant/location`. It is authenticated with the text, so a record that is copied
    /// to another owner does not open.
    package func seal(_ text: Secret, for owner: String) throws -> SealedSecret {
        let (id, key) = keys[0]
        let box = try AES.GCM.seal(Data(text.reveal().utf8), using: key, authenticating: Self.context(owner, id))
        guard let combined = box.combined else { throw KeyRingError.unreadable }
        return SealedSecret(keyID: id, bytes: combined)
    }

    /// Decrypts a text of that owner's.
    package func open(_ sealed: SealedSecret, for owner: String) throws(KeyRingError) -> Secret {
        guard let (id, key) = keys.first(where: { $0.id == sealed.keyID }) else { throw .unknownKey(sealed.keyID) }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed.bytes)
            let text = try AES.GCM.open(box, using: key, authenticating: Self.context(owner, id))
            return Secret(String(decoding: text, as: UTF8.self))
        } catch {
            throw .unreadable
        }
    }

    private static func context(_ owner: String, _ keyID: String) -> Data {
        Data("\(owner)\u{0}\(keyID)".utf8)
    }
}

/// An encrypted text and the id of its key.
package struct SealedSecret: Sendable, Hashable {
    package let keyID: String
    /// Nonce, ciphertext and tag.
    package let bytes: Data

    package init(keyID: String, bytes: Data) {
        self.keyID = keyID
        self.bytes = bytes
    }
}

package enum KeyRingError: Error, Equatable, CustomStringConvertible {
    case malformed
    case repeatedKey(String)
    case unknownKey(String)
    case unreadable

    package var description: String {
        switch self {
        case .malformed: "takes id:key pairs separated by commas, newest first; each key is 32 bytes as base64"
        case .repeatedKey(let id): "names the key \(id) twice"
        case .unknownKey(let id): "lacks the key \(id), which stored credentials were encrypted with; put it back"
        case .unreadable: "cannot open a stored credential: the record or the key was changed"
        }
    }
}
