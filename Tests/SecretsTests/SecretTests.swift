import Foundation
import Secrets
import Testing

/// A secret shows itself to nobody by accident.
struct SecretTests {
    private struct Settings {
        var name = "register"
        var password = Secret("hunter2")
        var old: Secret? = Secret("hunter2")
        var all = ["first": [Secret("hunter2")]]
    }

    private struct Refused: Error {
        var password = Secret("hunter2")
    }

    private enum Choice {
        case basic(Secret, user: String)
    }

    private static let holders: [any Sendable] = [
        Secret("hunter2"), Secret("hunter2") as Secret?, [Secret("hunter2")], ["key": Secret("hunter2")],
        Settings(), Refused(), Choice.basic(Secret("hunter2"), user: "ann"),
    ]

    @Test(arguments: holders.indices) func noWayOfPrintingShowsIt(holder: Int) {
        let value = Self.holders[holder]
        var dumped = ""
        dump(value, to: &dumped)
        let texts = ["\(value)", String(describing: value), String(reflecting: value), dumped]
        for text in texts {
            #expect(!text.contains("hunter2"))
        }
        #expect(texts[0].contains("***"))
    }

    @Test func anErrorThatHoldsItDoesNotShowItEither() {
        let error: any Error = Refused()
        #expect(!error.localizedDescription.contains("hunter2"))
        #expect(!"\(error as NSError)".contains("hunter2"))
    }

    @Test func itHasNoChildrenToLookAt() {
        #expect(Mirror(reflecting: Secret("hunter2")).children.isEmpty)
    }

    @Test func onlyRevealHandsItOut() {
        #expect(Secret("hunter2").reveal() == "hunter2")
        #expect(Secret("a") == Secret("a"))
        #expect(Secret("a") != Secret("b"))
        #expect(Secret("").isEmpty)
    }
}
