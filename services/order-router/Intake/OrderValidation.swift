import Contracts
import Foundation
import RPC

extension OrderItem {
    /// Whether it, or something chosen on it, has a PLU that is no whole number from 1.
    var hasUnusualPlu: Bool {
        plu.map { Int($0).map { $0 < 1 } ?? true } ?? false || (modifiers ?? []).contains(where: \.hasUnusualPlu)
    }
}

/// What an order must be before it is taken.
///
/// Every problem is found, each with its field, not only the first.
struct OrderValidation {
    /// The most an order may hold; far above any real one, far below what could hurt.
    static let maxItems = 500
    static let maxModifierDepth = 4
    static let maxCents = 100_000_000

    private var problems: [FieldProblem] = []
    /// What the location's register can do; `nil` where it is not known.
    private let capabilities: PosCapabilities?

    private init(_ capabilities: PosCapabilities?) {
        self.capabilities = capabilities
    }

    /// The problems with an order; none for one that may be taken.
    static func problems(with order: SubmitOrderRequest, capabilities: PosCapabilities?) -> [FieldProblem] {
        var validation = OrderValidation(capabilities)
        validation.checkNames(order)
        validation.checkPayment(order)
        validation.checkItems(order)
        validation.checkAmounts(order)
        return validation.problems
    }

    private mutating func add(_ field: String, _ problem: String, _ accepted: String? = nil) {
        problems.append(FieldProblem(field, problem, accepted: accepted))
    }

    private mutating func checkText(_ field: String, _ text: String?, _ length: ClosedRange<Int>) {
        guard let text else { return }
        if !length.contains(text.utf8.count) {
            add(field, text.isEmpty ? "is empty" : "is too long", "\(length.lowerBound) to \(length.upperBound) bytes")
        } else if text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\t" }) {
            add(field, "has a control character", "printable text")
        }
    }

    private mutating func checkNames(_ order: SubmitOrderRequest) {
        checkText("orderNumber", order.orderNumber, 1...40)
        if order.orderNumber.contains(where: \.isWhitespace) {
            add("orderNumber", "has a space", "letters, digits and signs")
        }
        if order.channel.knownValue == nil {
            add("channel", "is \(order.channel.text.prefix(40))", Open<Channel>.accepted)
        }
        if order.serviceType.knownValue == nil {
            add("serviceType", "is \(order.serviceType.text.prefix(40))", Open<ServiceType>.accepted)
        }
        if let table = order.tableNumber, !(1...1_000_000).contains(table) {
            add("tableNumber", "is \(table)", "1 to 1000000")
        }
        if order.channel.knownValue == .tableQR, order.tableNumber == nil {
            add("tableNumber", "is missing", "the guest's table, for an order from a table's QR code")
        }
        checkText("pagerId", order.pagerId, 1...40)
        checkText("guest.name", order.guest?.name, 0...100)
        checkText("guest.phone", order.guest?.phone, 0...40)
        checkText("guest.email", order.guest?.email, 0...254)
        checkText("note", order.note, 0...500)
    }

    private mutating func checkPayment(_ order: SubmitOrderRequest) {
        if order.payment.status.knownValue != .confirmed {
            add(
                "payment.status",
                "is \(order.payment.status.text.prefix(40))",
                "confirmed: only a paid order goes to a register"
            )
        }
        checkText("payment.provider", order.payment.provider, 1...64)
        checkText("payment.reference", order.payment.reference, 1...200)
        let currency = capabilities?.currency ?? Currency.eur.rawValue
        if order.currency != currency { add("currency", "is \(order.currency.prefix(10))", currency) }
    }

    private mutating func checkItems(_ order: SubmitOrderRequest) {
        if order.items.isEmpty { add("items", "is empty", "at least one item") }
        if order.items.count > Self.maxItems {
            add("items", "has \(order.items.count) entries", "at most \(Self.maxItems)")
        }
        for (index, item) in order.items.prefix(Self.maxItems).enumerated() {
            check(item, "items[\(index)]", depth: 1)
            if item.plu == nil {
                add(
                    "items[\(index)].plu",
                    "is missing",
                    "the register's article number (PLU) of \(item.name.prefix(40))"
                )
            }
        }
    }

    /// `units`: how many units of what it belongs to are ordered: registers take at most 999 of anything.
    private mutating func check(_ item: OrderItem, _ field: String, depth: Int, units: Int = 1) {
        checkText("\(field).name", item.name, 1...200)
        checkText("\(field).note", item.note, 0...500)
        if let plu = item.plu {
            if capabilities?.numericPlu ?? false, Int(plu).map({ $0 < 1 }) ?? true {
                add("\(field).plu", "is \(plu.prefix(40))", "a whole number from 1")
            } else {
                checkText("\(field).plu", plu, 1...40)
            }
        }
        let isQuantity = (1...999).contains(item.quantity)
        if !isQuantity { add("\(field).quantity", "is \(item.quantity)", "1 to 999") }
        if isQuantity, item.quantity * units > 999 {
            add("\(field).quantity", "makes \(item.quantity * units) in all", "at most 999 with what it belongs to")
        }
        if !(0...Self.maxCents).contains(item.unitPriceCents) {
            add("\(field).unitPriceCents", "is \(item.unitPriceCents)", "0 to \(Self.maxCents)")
        }
        let modifiers = item.modifiers ?? []
        guard !modifiers.isEmpty else { return }
        guard depth < Self.maxModifierDepth else {
            add("\(field).modifiers", "is nested too deep", "at most \(Self.maxModifierDepth) levels")
            return
        }
        if modifiers.count > Self.maxItems {
            add("\(field).modifiers", "has \(modifiers.count) entries", "at most \(Self.maxItems)")
        }
        for (index, modifier) in modifiers.prefix(Self.maxItems).enumerated() {
            check(
                modifier,
                "\(field).modifiers[\(index)]",
                depth: depth + 1,
                units: isQuantity ? item.quantity * min(units, 999) : 1
            )
        }
    }

    private mutating func checkAmounts(_ order: SubmitOrderRequest) {
        for (name, list) in [("discounts", order.discounts ?? []), ("fees", order.fees ?? [])] {
            if list.count > 50 { add(name, "has \(list.count) entries", "at most 50") }
            for (index, entry) in list.prefix(50).enumerated() {
                checkText("\(name)[\(index)].name", entry.name, 1...100)
                if !(0...Self.maxCents).contains(entry.amountCents) {
                    add("\(name)[\(index)].amountCents", "is \(entry.amountCents)", "0 to \(Self.maxCents)")
                }
            }
        }
        let tip = order.tipCents ?? 0
        if !(0...Self.maxCents).contains(tip) { add("tipCents", "is \(tip)", "0 to \(Self.maxCents)") }
        if !(0...Self.maxCents).contains(order.totalCents) {
            add("totalCents", "is \(order.totalCents)", "0 to \(Self.maxCents)")
        }
        // Sums are only taken of amounts that are in range, so that none can overflow.
        guard problems.isEmpty else { return }
        guard let lines = Self.total(of: order.items), lines <= Self.maxCents else {
            add("items", "add up to too much", "at most \(Self.maxCents) cents")
            return
        }
        let discounts = (order.discounts ?? []).reduce(0) { $0 + $1.amountCents }
        let fees = (order.fees ?? []).reduce(0) { $0 + $1.amountCents }
        if discounts > lines { add("discounts", "are more than the lines cost", "at most \(lines) cents in all") }
        let sum = lines - discounts + fees + tip
        if sum != order.totalCents {
            add(
                "totalCents",
                "is \(order.totalCents)",
                "\(sum): the lines (\(lines)) less discounts (\(discounts)) plus fees (\(fees)) and tip (\(tip))"
            )
        }
    }

    /// What lines cost, or `nil` where that does not fit a number.
    private static func total(of items: [OrderItem]) -> Int? {
        var sum = 0
        for item in items {
            guard let modifiers = total(of: item.modifiers ?? []) else { return nil }
            let (unit, unitOverflow) = item.unitPriceCents.addingReportingOverflow(modifiers)
            let (line, lineOverflow) = unit.multipliedReportingOverflow(by: item.quantity)
            let (next, sumOverflow) = sum.addingReportingOverflow(line)
            guard !unitOverflow, !lineOverflow, !sumOverflow else { return nil }
            sum = next
        }
        return sum
    }
}
