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
    private static let maxItems = OrderLimits.items.upperBound
    static let maxCents = OrderLimits.cents.upperBound

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

    private static func words(_ range: ClosedRange<Int>) -> String { "\(range.lowerBound) to \(range.upperBound)" }

    private mutating func checkText(_ field: String, _ text: String?, _ length: ClosedRange<Int>) {
        guard let text else { return }
        if !length.contains(text.utf8.count) {
            add(field, text.isEmpty ? "is empty" : "is too long", "\(length.lowerBound) to \(length.upperBound) bytes")
        } else if text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\t" }) {
            add(field, "has a control character", "printable text")
        }
    }

    private mutating func checkNames(_ order: SubmitOrderRequest) {
        checkText("orderNumber", order.orderNumber, OrderLimits.orderNumber)
        if order.orderNumber.contains(where: \.isWhitespace) {
            add("orderNumber", "has a space", "letters, digits and signs")
        }
        if order.channel.knownValue == nil {
            add("channel", "is \(order.channel.text.prefix(40))", Open<Channel>.accepted)
        }
        if order.serviceType.knownValue == nil {
            add("serviceType", "is \(order.serviceType.text.prefix(40))", Open<ServiceType>.accepted)
        }
        if let table = order.tableNumber, !OrderLimits.tableNumber.contains(table) {
            add("tableNumber", "is \(table)", Self.words(OrderLimits.tableNumber))
        }
        if order.channel.knownValue == .tableQR, order.tableNumber == nil {
            add("tableNumber", "is missing", "the guest's table, for an order from a table's QR code")
        }
        checkText("pagerId", order.pagerId, OrderLimits.pagerId)
        checkText("guest.name", order.guest?.name, OrderLimits.guestName)
        checkText("guest.phone", order.guest?.phone, OrderLimits.guestPhone)
        checkText("guest.email", order.guest?.email, OrderLimits.guestEmail)
        checkText("note", order.note, OrderLimits.note)
    }

    private mutating func checkPayment(_ order: SubmitOrderRequest) {
        if order.payment.status.knownValue != .confirmed {
            add(
                "payment.status",
                "is \(order.payment.status.text.prefix(40))",
                "confirmed: only a paid order goes to a register"
            )
        }
        checkText("payment.provider", order.payment.provider, OrderLimits.paymentProvider)
        checkText("payment.reference", order.payment.reference, OrderLimits.paymentReference)
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
        checkText("\(field).name", item.name, OrderLimits.itemName)
        checkText("\(field).note", item.note, OrderLimits.note)
        if let plu = item.plu {
            if capabilities?.numericPlu ?? false, Int(plu).map({ $0 < 1 }) ?? true {
                add("\(field).plu", "is \(plu.prefix(40))", "a whole number from 1")
            } else {
                checkText("\(field).plu", plu, OrderLimits.plu)
            }
        }
        let isQuantity = OrderLimits.quantity.contains(item.quantity)
        if !isQuantity { add("\(field).quantity", "is \(item.quantity)", Self.words(OrderLimits.quantity)) }
        if isQuantity, item.quantity * units > OrderLimits.quantity.upperBound {
            add(
                "\(field).quantity",
                "makes \(item.quantity * units) in all",
                "at most \(OrderLimits.quantity.upperBound) with what it belongs to"
            )
        }
        if !(0...Self.maxCents).contains(item.unitPriceCents) {
            add("\(field).unitPriceCents", "is \(item.unitPriceCents)", "0 to \(Self.maxCents)")
        }
        let modifiers = item.modifiers ?? []
        guard !modifiers.isEmpty else { return }
        guard depth < OrderLimits.modifierDepth else {
            add("\(field).modifiers", "is nested too deep", "at most \(OrderLimits.modifierDepth) levels")
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
                units: isQuantity ? item.quantity * min(units, OrderLimits.quantity.upperBound) : 1
            )
        }
    }

    private mutating func checkAmounts(_ order: SubmitOrderRequest) {
        for (name, list) in [("discounts", order.discounts ?? []), ("fees", order.fees ?? [])] {
            let most = OrderLimits.adjustments.upperBound
            if list.count > most { add(name, "has \(list.count) entries", "at most \(most)") }
            for (index, entry) in list.prefix(most).enumerated() {
                checkText("\(name)[\(index)].name", entry.name, OrderLimits.adjustmentName)
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
