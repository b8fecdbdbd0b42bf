import Foundation

/// A catalogue of any length, made up while it is sent and never held whole.
///
/// It begins with the products that the register has anyway, and made-up ones follow.
struct LongCatalog: Sendable {
    let shelf: RegisterState
    let encryption: Bool
    let envelope: Envelope

    /// The body of `GetAllProducts`, part by part.
    func parts() -> Parts { Parts(self) }

    /// One reading of the body; for one reader.
    struct Parts {
        /// A multiple of the cipher's blocks and of base64's groups.
        private static let size = 24 * 4096
        /// Beyond any single entry, so that a part seldom grows while it is filled.
        private static let room = 4096

        private let catalog: LongCatalog
        private let madeUp: MadeUpCatalog
        private var places: StrideTo<Int>.Iterator
        private var plain: [UInt8]
        private var isFirst: Bool
        private var isOver = false
        private var last: [UInt8] = []

        fileprivate init(_ catalog: LongCatalog) {
            self.catalog = catalog
            madeUp = MadeUpCatalog(catalog.shelf.settings)
            places = madeUp.listed.makeIterator()
            let own = catalog.shelf.listedProducts
            isFirst = own.isEmpty
            plain = Array("{\"AllProducts\":[\(own.map(\.ascii).joined(separator: ","))".utf8)
        }

        /// The next part; nil at the end.
        mutating func next() -> [UInt8]? {
            guard !isOver else { return nil }
            plain.reserveCapacity(Self.size + Self.room)
            while plain.count < Self.size, let place = places.next() {
                if !isFirst { plain.append(UInt8(ascii: ",")) }
                isFirst = false
                madeUp.append(place, to: &plain)
            }
            if plain.count < Self.size {
                isOver = true
                plain += "],\"Categories\":\(catalog.shelf.listedCategories.ascii)}".utf8
            }
            guard catalog.encryption else {
                defer { plain = [] }
                return plain
            }
            let ready = isOver ? plain.count : plain.count / 24 * 24
            let sealed = catalog.envelope.seal(Array(plain[..<ready]), after: last, isEnd: isOver)
            plain.removeFirst(ready)
            last = Array(sealed.suffix(8))
            return Array(Data(sealed).base64EncodedString().utf8)
        }
    }
}
