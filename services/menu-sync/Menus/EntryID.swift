import Contracts
import Crypto
import Foundation
import RPC
import ServiceKit

/// Our own ids of a menu's entries: the same for the same id of the register (rule K23).
///
/// A name-based UUID (version 3) over merchant, location, provider, kind and the register's id, so no table keeps them, and
/// an item that comes back has its id again. `entry_id` in SQL gives the same.
struct EntryID: Sendable {
    let key: MenuKey
    let provider: String

    func callAsFunction(_ kind: MenuEntryKind, _ externalID: String) -> UUID {
        let name = "\(key.merchantID)/\(key.locationID)/\(provider)/\(kind.rawValue)/\(externalID)"
        var bytes = Array(Insecure.MD5.hash(data: Array(name.utf8)))
        bytes[6] = bytes[6] & 0x0f | 0x30
        bytes[8] = bytes[8] & 0x0f | 0x80
        return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}
