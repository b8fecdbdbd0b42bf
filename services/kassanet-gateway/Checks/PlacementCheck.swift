import Contracts
import Foundation
import RPC

/// Whether an order whose answer was lost or refused is on the register, by what its bill shows.
///
/// The rules are the wire page's, "Whose order is on a bill": present by our mark or by our lines exactly once; twice is
/// for a person; absent only when the bill is as it was before, in two reads `settle_delay` apart, because a late effect
/// may still land.
enum PlacementCheck {
    static func finding(
        _ growth: BillGrowth,
        check: AttemptCheck,
        settleDelay: Duration,
        afterRefusal: Bool
    ) -> CheckResponse {
        if growth.ours.knownValue == .twice {
            return CheckResponse(
                .unknown,
                evidence:
                    "The bill holds the order's lines twice. Remove one of them on the register and settle the bill there.",
                reason: "lines_twice"
            )
        }
        if growth.hasMark { return CheckResponse(.done, evidence: "The bill carries the order's mark.") }
        if growth.ours.knownValue == .once {
            return CheckResponse(.done, evidence: "The bill grew by the order's lines exactly once.")
        }
        if growth.isUnchanged, afterRefusal {
            return CheckResponse(.absent, evidence: "The register refused, and the bill is as it was before.")
        }
        let left = settleDelay.timeLeft(of: check)
        guard growth.isUnchanged else {
            return CheckResponse(
                .unknown,
                evidence: "The bill changed, and not by this order's lines alone. Look at the register.",
                reason: "bill_changed",
                checkAgainInMs: left.map { Int($0.milliseconds) }
            )
        }
        guard let left else {
            return CheckResponse(.absent, evidence: "The bill is as it was before, in two reads far enough apart.")
        }
        return CheckResponse(
            .unknown,
            evidence: "The bill is as it was before; it is read once more in case the order lands late.",
            checkAgainInMs: Int(left.milliseconds)
        )
    }
}

extension Duration {
    /// How long the settle delay of an attempt still runs; `nil` when it is over.
    ///
    /// It counts from the first read, and never from before the last moment at which the attempt could still be sent.
    fileprivate func timeLeft(of check: AttemptCheck) -> Duration? {
        let passed = check.now.timeIntervalSince(max(check.firstAt, check.sentBy))
        let left = self - .milliseconds(Int64(passed * 1000))
        return passed > 0 && left <= .zero ? nil : max(left, .milliseconds(1))
    }
}

/// Whether a payment whose answer was lost was taken, by what the bill shows.
enum SettlementCheck {
    /// Whether a bill shows the same as before the payment, whatever staff wrote on it.
    static func isUnchanged(_ bill: Bill, since before: Bill) -> Bool {
        bill.isComplete != false && bill.withoutText == before.withoutText
    }

    static func finding(
        _ bill: Bill,
        before: Bill,
        kind: PaymentKind,
        amountCents: Cents,
        check: AttemptCheck,
        settleDelay: Duration
    ) -> CheckResponse {
        switch kind {
        case .settle where !bill.isOpen:
            return CheckResponse(.done, evidence: "The bill is closed.")
        case .deposit:
            let more = bill.deposits(of: amountCents) - before.deposits(of: amountCents)
            if more == 1, bill.deposits.count == before.deposits.count + 1 {
                return CheckResponse(.done, evidence: "The bill holds exactly one more deposit of this amount.")
            }
        default: break
        }
        let isUnchanged = isUnchanged(bill, since: before)
        let left = settleDelay.timeLeft(of: check)
        guard isUnchanged else {
            return CheckResponse(
                .unknown,
                evidence:
                    "The bill changed while the payment was under way. Look at the register, and say whether it was paid.",
                reason: "bill_changed",
                checkAgainInMs: left.map { Int($0.milliseconds) }
            )
        }
        guard let left else {
            return CheckResponse(
                .absent,
                evidence: "The bill is as it was before the payment, in two reads far enough apart."
            )
        }
        return CheckResponse(
            .unknown,
            evidence: "The bill is as it was before the payment; it is read once more in case the payment lands late.",
            checkAgainInMs: Int(left.milliseconds)
        )
    }
}

extension Bill {
    fileprivate func deposits(of amount: Cents) -> Int { deposits.count { $0.amountCents == amount } }

    fileprivate var withoutText: Bill {
        var copy = self
        copy.text = ""
        return copy
    }
}
