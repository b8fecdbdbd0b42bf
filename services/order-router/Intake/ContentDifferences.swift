import Contracts
import Foundation
import RPC

/// The fields in which two submissions of one transaction differ.
///
/// Names only: the values may be a guest's.
enum ContentDifferences {
    /// Sorted paths such as `items[1].quantity`; empty for equal content.
    static func paths(_ first: SubmitOrderRequest, _ second: SubmitOrderRequest) throws -> [String] {
        guard first != second else { return [] }
        // Compared as JSON, so that two spellings of one content count as equal.
        let left = try JSONSerialization.jsonObject(with: RPCCoding.encode(first.normalized))
        let right = try JSONSerialization.jsonObject(with: RPCCoding.encode(second.normalized))
        var paths: [String] = []
        compare(left, right, at: "", into: &paths)
        return paths.sorted()
    }

    private static func compare(_ left: Any?, _ right: Any?, at path: String, into paths: inout [String]) {
        switch (left, right) {
        case (let left as [String: Any], let right as [String: Any]):
            for key in Set(left.keys).union(right.keys) {
                compare(left[key], right[key], at: path.isEmpty ? key : "\(path).\(key)", into: &paths)
            }
        case (let left as [Any], let right as [Any]) where left.count == right.count:
            for index in left.indices { compare(left[index], right[index], at: "\(path)[\(index)]", into: &paths) }
        case (let left as NSObject, let right as NSObject):
            if !left.isEqual(right) { paths.append(path) }
        default:
            if left != nil || right != nil { paths.append(path) }
        }
    }
}

extension SubmitOrderRequest {
    /// The same order with what means nothing left out: empty lists and a tip of 0.
    fileprivate var normalized: SubmitOrderRequest {
        var copy = self
        if copy.tipCents == 0 { copy.tipCents = nil }
        if copy.discounts?.isEmpty == true { copy.discounts = nil }
        if copy.fees?.isEmpty == true { copy.fees = nil }
        copy.items = items.map(\.normalized)
        return copy
    }
}

extension OrderItem {
    fileprivate var normalized: OrderItem {
        var copy = self
        copy.modifiers = modifiers.flatMap { $0.isEmpty ? nil : $0.map(\.normalized) }
        return copy
    }
}
