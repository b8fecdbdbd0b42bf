import Foundation

/// A catalogue of any length, made up while it is sent and never held whole.
///
/// It begins with the products that the register has anyway, and made-up ones follow, numbered from 1,000,000.
struct LongCatalog: Sendable {
    let shelf: RegisterState
    let encryption: Bool
    let envelope: Envelope

    /// The body of `GetAllProducts`, part by part.
    func parts() -> Parts { Parts(self) }

    /// One reading of the body; for one reader.
    struct Parts {
        /// A multiple of the cipher's blocks and of base64's groups.
        private static let size = 24 * 2048

        private let catalog: LongCatalog
        private var made = 0
        private var plain: [UInt8]
        private var isOver = false
        private var last: [UInt8] = []

        fileprivate init(_ catalog: LongCatalog) {
            self.catalog = catalog
            let own = catalog.shelf.listedProducts.map(\.ascii).joined(separator: ",")
            plain = Array("{\"AllProducts\":[\(own)".utf8)
        }

        /// The next part; nil at the end.
        mutating func next() -> [UInt8]? {
            guard !isOver else { return nil }
            let count = catalog.shelf.settings.generatedProducts
            while plain.count < Self.size, made < count {
                plain += ",\(entry(made))".utf8
                made += 1
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

        private func entry(_ index: Int) -> String {
            let every = catalog.shelf.settings.brokenProductEvery
            if every > 0, index % every == every - 1 {
                return "{\"Id\":\(1_000_000 + index),\"Name\":\"Broken \(index)\"}"
            }
            return """
                {"Id":\(1_000_000 + index),"Name":"Product number \(index) cr\\u00e8me","Price":\(index % 90 + 1).\(index % 9)0,\
                "KitchenName":"P\(index)","CategoryId":3,"VatPercentage":21,"SortOrder":\(index),"ModifierGroups":\
                [{"Id":7,"Name":"Milk","Min":0,"Max":1,"Modifiers":[{"Id":901,"Name":"Oat milk","Price":0.50}]}]}
                """
        }
    }
}
