import Contracts
import Foundation
import RPC

/// Turns an order into what `CreateOrder` takes (rules K31, K33, K36).
struct OrderMapping {
    let settings: ConnectionSettings

    /// - Throws: ``OrderMappingError`` where an article cannot be named to the register, or a number is out of bounds.
    func kassanetOrder(_ order: PosOrder, table: Int) throws(OrderMappingError) -> KassanetOrder {
        // Before anything is calculated: a number that overflows would end the process.
        if let problem = order.problems.first { throw .outOfBounds(problem) }
        let discount = order.discounts.reduce(0) { $0 + $1.amountCents }
        var items: [KassanetOrderItem] = []
        for item in DiscountSpread.lowered(order.items, by: discount) { items.append(try line(item)) }
        // A fee that no article is configured for stays off the bill; the difference shows when the bill is read.
        if let plu = settings.feePlu {
            items += order.fees.map {
                KassanetOrderItem(articleId: plu, text: $0.name, quantity: 1, unitPriceCents: $0.amountCents)
            }
        }
        return KassanetOrder(
            tableNumber: table,
            tableText: Self.tableText(order),
            orderInfoText: orderInfoText(order),
            pickupTime: order.serviceType == ServiceType.dineIn.rawValue ? nil : wallClock(pickup(of: order)).time,
            items: items
        )
    }

    /// What staff read on the table: channel and number first, then our mark as a word of its own, then the guest.
    static func tableText(_ order: PosOrder) -> String {
        let channel =
            switch Channel(rawValue: order.channel) {
            case .kiosk: "Kiosk"
            case .online: "Online Ordering"
            case .tableQR: "Table QR"
            case nil: order.channel
            }
        let details = [
            order.pagerId.map { "Pager \($0)" }, order.guest?.name, order.guest?.phone, order.guest?.email,
        ].compactMap(\.self).filter { !$0.isEmpty }
        return (["\(channel) #\(order.orderNumber) \(order.mark)"] + details).joined(separator: " | ")
    }

    /// What is kept of an order that is sent: its body, the guest and all notes masked.
    static func kept(_ sent: KassanetOrder, of order: PosOrder) -> String {
        let notes = order.notes
        var copy = sent
        copy.tableText = tableText(order.withGuestMasked)
        copy.orderInfoText = sent.orderInfoText?.masking(notes)
        copy.items = sent.items.map { $0.masking(notes) }
        // Articles keep their names, whatever the guest is called: only the name as a whole is looked for.
        let guest = [order.guest?.phone, order.guest?.email, order.guest?.name].compactMap(\.self)
        return AttemptText.text(of: copy.body, without: PrivateWords(phrases: guest, names: []))
    }

    private func orderInfoText(_ order: PosOrder) -> String? {
        var parts: [String] = []
        if let note = order.note, !note.isEmpty { parts.append(note) }
        if order.serviceType != ServiceType.dineIn.rawValue, let pickupAt = order.pickupAt {
            let day = wallClock(pickupAt).day
            if day != wallClock(order.acceptedAt).day { parts.insert("Pickup on \(day)", at: 0) }
        }
        return parts.isEmpty ? nil : parts.joined(separator: " | ")
    }

    private func pickup(of order: PosOrder) -> Date { order.pickupAt ?? order.acceptedAt }

    /// The day and the time of day at the location.
    private func wallClock(_ instant: Date) -> (day: String, time: String) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = settings.location
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: instant)
        func two(_ number: Int?) -> String {
            let digits = String(number ?? 0)
            return digits.count == 1 ? "0\(digits)" : digits
        }
        return ("\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day))", "\(two(parts.hour)):\(two(parts.minute))")
    }

    /// One line.
    ///
    /// An option without a PLU goes into the text and the price of what it belongs to (rule K36).
    private func line(_ item: OrderItem) throws(OrderMappingError) -> KassanetOrderItem {
        guard let plu = item.plu, let articleId = Int(plu), articleId > 0 else {
            throw .unnamed(item: item.name, plu: item.plu)
        }
        var line = KassanetOrderItem(
            articleId: articleId,
            text: item.name,
            quantity: item.quantity,
            unitPriceCents: item.unitPriceCents
        )
        var notes: [String] = []
        try add(item.modifiers ?? [], to: &line, times: 1, &notes)
        if let note = item.note, !note.isEmpty { notes.append(note) }
        line.infoText = notes.isEmpty ? nil : notes.joined(separator: ", ")
        return line
    }

    private func add(
        _ modifiers: [OrderItem],
        to line: inout KassanetOrderItem,
        times: Int,
        _ notes: inout [String]
    ) throws(OrderMappingError) {
        for modifier in modifiers {
            let quantity = modifier.quantity * times
            guard modifier.plu == nil else {
                var variant = try self.line(modifier)
                variant.quantity = quantity
                line.variants.append(variant)
                continue
            }
            line.unitPriceCents += quantity * modifier.unitPriceCents
            notes.append((quantity == 1 ? "" : "\(quantity)x ") + modifier.name)
            if let note = modifier.note, !note.isEmpty { notes.append(note) }
            try add(modifier.modifiers ?? [], to: &line, times: quantity, &notes)
        }
    }
}

extension KassanetOrderItem {
    fileprivate func masking(_ notes: [String]) -> KassanetOrderItem {
        var copy = self
        copy.infoText = infoText?.masking(notes)
        copy.variants = variants.map { $0.masking(notes) }
        return copy
    }
}

extension PosOrder {
    fileprivate var withGuestMasked: PosOrder {
        var copy = self
        func masked(_ text: String?) -> String? { text.map { $0.isEmpty ? "" : "***" } }
        copy.guest = guest.map { Guest(name: masked($0.name), phone: masked($0.phone), email: masked($0.email)) }
        return copy
    }
}

/// Why an order cannot be put into the register's terms; its RPC form is beside ``GatewayError``'s.
enum OrderMappingError: Error, Equatable, CustomStringConvertible {
    /// An article that the register cannot be told of.
    case unnamed(item: String, plu: String?)
    /// A number that no real order has.
    case outOfBounds(FieldProblem)

    var description: String {
        switch self {
        case .unnamed(let item, let plu):
            "\"\(item)\" has \(plu.map { "the PLU \($0), which is no number" } ?? "no PLU"). Give it the register's article number, then resend the order."
        case .outOfBounds(let problem):
            "\(problem.field) \(problem.problem); accepted: \(problem.accepted ?? "less"). Correct it, then resend the order."
        }
    }
}
