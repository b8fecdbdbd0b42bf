import TableAllocatorStorage

/// What stands on one table: a code to scan, and the name under it.
struct QRLabel: Sendable, Hashable {
    let name: String
    let tableNumber: Int
    /// The address that the code says.
    let address: String

    init(name: String, tableNumber: Int, address: String) {
        self.name = name
        self.tableNumber = tableNumber
        self.address = address
    }

    init(_ table: CodedTable, _ address: QRAddress) {
        self.init(name: table.name, tableNumber: table.number, address: address.address(of: table))
    }

    /// The code, at the level for what hangs or lies on a table.
    ///
    /// Level Q: a quarter of it may be scratched or stained.
    func code() throws(QRCodeError) -> QRCode {
        try QRCode(address, correction: .quartile)
    }
}
