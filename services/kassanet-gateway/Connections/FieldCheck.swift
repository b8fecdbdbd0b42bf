import RPC
import RegisterHTTP

/// Collects what is wrong with a body, field by field.
struct FieldCheck {
    private var problems: [FieldProblem] = []

    mutating func add(_ problem: FieldProblem) { problems.append(problem) }

    mutating func problem(_ field: String, _ problem: String, accepted: String) {
        add(FieldProblem(field, problem, accepted: accepted))
    }

    mutating func required(_ field: String, _ text: String?) -> String {
        guard let text, !text.isEmpty else {
            problem(field, "is missing", accepted: "a text that is not empty")
            return ""
        }
        return text
    }

    mutating func address(_ text: String?) -> String {
        do {
            return try RegisterAddress(validating: required("base_url", text)).text
        } catch {
            if text?.isEmpty == false {
                problem(error.field, error.problem, accepted: "an address such as http://host:port")
            }
            return ""
        }
    }

    /// Throws when there was a problem, with all of them.
    func finish() throws(RPCError) {
        guard problems.isEmpty else { throw .invalid(problems) }
    }
}
