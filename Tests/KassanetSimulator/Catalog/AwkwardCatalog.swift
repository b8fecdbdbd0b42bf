/// What a register may get wrong in its catalogue, one of each; every entry says what it is.
///
/// Products are numbered from 800,001, categories from 801, selections from 851.
enum AwkwardCatalog {
    /// Those that cannot be read are `null`, a number, an empty object, and those without an id, a name or a price.
    static let products: [WireValue] = [
        product(800_001, "Twice"),
        product(800_001, "Twice, again", ["Price": .number("9.99")]),
        product(800_002, "Left empty", ["KitchenName": "zz"]),
        product(800_003, "Left empty in capitals", ["KitchenName": "ZZ"]),
        product(800_004, "A pager", ["KitchenName": "Call pager 7"]),
        product(800_005, "No pager", ["KitchenName": "pager"]),
        product(800_006, "800", ["KitchenName": "800"]),
        product(800_007, "801", ["KitchenName": "SOU"]),
        product(800_008, "Cr\u{e8}me br\u{fb}l\u{e9}e \u{1f36e} \u{65e5}\u{672c}\u{8a9e} \u{5d0}\u{5d1}"),
        product(800_009, "\"Quoted\" \\ slashed / <b>bold</b>\nsecond line\ttab"),
        product(800_010, String(repeating: "Long ", count: 400)),
        product(800_011, "   "),
        product(800_012, "  Spaces around  "),
        product(800_013, "Category unknown", ["CategoryId": .int(899)]),
        product(800_014, "Category in a circle", ["CategoryId": .int(802)]),
        product(800_015, "No category", ["CategoryId": .null]),
        product(800_016, "Free", ["Price": .number("0")]),
        product(800_017, "Given back", ["Price": .number("-1.50")]),
        product(800_018, "Too fine a price", ["Price": .number("2.345")]),
        product(800_019, "Price as text", ["Price": "3.50"]),
        product(800_020, "Price with a comma", ["Price": "3,50"]),
        product(800_021, "Number as text", ["Id": "800021"]),
        product(800_022, "No VAT", ["VatPercentage": .null]),
        product(800_023, "VAT in parts", ["VatPercentage": .number("5.5")]),
        product(800_024, "Same choice twice", ["ModifierGroups": [sauce(871), sauce(872)]]),
        product(800_025, "Choice of nothing", ["ModifierGroups": [group(873, "Empty", [])]]),
        product(800_026, "Choice beyond itself", ["ModifierGroups": [sauce(874, min: 5, max: 2)]]),
        product(800_027, "Broken modifier", ["ModifierGroups": [group(875, "Half", [pepper, ["Name": "No id"]])]]),
        product(800_028, "Groups that are no list", ["ModifierGroups": "none"]),
        product(800_029, "No price", ["Price": .null]),
        product(800_030, "Price that is none", ["Price": "free"]),
        product(800_031, "", ["Name": .null]),
        product(0, "Number nought"),
        product(-5, "Number below nought"),
        product(800_032, "Number that is none", ["Id": "A12"]),
        product(800_033, "Unknown member", ["Colour": ["Red": .int(255)]]),
        .null, .int(7), "a text", [:], .array([]),
    ]

    static let categories: [WireValue] = [
        category(801, "Lost", parent: 899),
        category(802, "Egg", parent: 803),
        category(803, "Hen", parent: 802),
        category(804, "Chick", parent: 803),
        category(805, "Itself", parent: 805),
        category(806, "Twice", parent: nil),
        category(806, "Twice, again", parent: 801),
        category(807, "Child of a parent that comes later", parent: 808),
        category(808, "Parent that comes later", parent: nil),
        category(809, "Cr\u{e8}mes \u{1f36e}", parent: 808),
        ["Name": "Without an id"],
        .null,
    ]

    static let selections: [WireValue] = [
        selection(851, "Names what is not there", [101, 899_999]),
        selection(852, "Names placeholders", [107, 800_002, 800_004]),
        selection(853, "Names one twice", [101, 101, 102]),
        selection(854, "Names nothing", []),
        selection(851, "The same id again", [102]),
        ["Id": .int(855), "Name": "Without products"],
        ["Id": .int(856)],
        .null,
    ]

    // MARK: - Making them

    /// An entry without fault, but for the members that are given; `null` leaves one out.
    private static func product(_ id: Int, _ name: String, _ other: KeyValuePairs<String, WireValue> = [:]) -> WireValue
    {
        var members: [WireValue.Member] = [
            .init("Id", .int(id)), .init("Name", .string(name)), .init("Price", .number("4.50")),
            .init("KitchenName", "AWK"), .init("CategoryId", .int(806)), .init("VatPercentage", .int(12)),
            .init("ModifierGroups", .array([])),
        ]
        for (name, value) in other {
            members.removeAll { $0.name == name }
            if value != .null { members.append(.init(name, value)) }
        }
        return .object(members)
    }

    private static func category(_ id: Int, _ name: String, parent: Int?) -> WireValue {
        let parent = parent.map { [WireValue.Member("ParentId", .int($0))] } ?? []
        return .object([.init("Id", .int(id)), .init("Name", .string(name))] + parent)
    }

    private static func selection(_ id: Int, _ name: String, _ products: [Int]) -> WireValue {
        ["Id": .int(id), "Name": .string(name), "Products": .array(products.map { ["Id": .int($0)] })]
    }

    private static func group(
        _ id: Int,
        _ name: String,
        min: Int = 0,
        max: Int = 1,
        _ modifiers: [WireValue]
    ) -> WireValue {
        [
            "Id": .int(id), "Name": .string(name), "Min": .int(min), "Max": .int(max), "Modifiers": .array(modifiers),
        ]
    }

    private static func sauce(_ id: Int, min: Int = 0, max: Int = 1) -> WireValue {
        group(
            id,
            "Sauce",
            min: min,
            max: max,
            [pepper, ["Id": .int(899_002), "Name": "Mustard", "Price": .number("0")]]
        )
    }

    private static let pepper: WireValue = ["Id": .int(899_001), "Name": "Pepper", "Price": .number("0.20")]
}
