/// What made-up products are made of: dishes of a large restaurant, in categories, with choices of their own.
///
/// All that is the same for many products is written as bytes once, so that a long catalogue costs little to send.
struct MadeUpMenu: Sendable {
    static let standard = MadeUpMenu()

    /// Nested three levels deep.
    let categories: [RegisterCategory]
    let dishes: [Dish]
    /// Words behind a dish's name, the empty one first.
    let styles: [[UInt8]]
    /// What a renamed product has behind its name.
    let newName = Array(" (nouveau)".utf8)
    let styleNames = ["", "maison", "du chef", "v\u{e9}g\u{e9}tarien", "XL", "petit", "\u{e0} emporter", "bio"]
    let newNameText = " (nouveau)"
    /// The articles that are modifiers of made-up products.
    let modifiers: [RegisterProduct]

    /// A dish, and the parts of its entry in `GetAllProducts` that do not change from one product to the next.
    struct Dish: Sendable {
        let name: String
        let priceCents: Int
        let categoryId: Int
        /// `,"Name":"…`, to be followed by a style and a number.
        let opening: [UInt8]
        /// `,"KitchenName":"…`, to be followed by a number.
        let kitchen: [UInt8]
        /// `","CategoryId":…,"VatPercentage":…,"SortOrder":`, to be followed by a number.
        let middle: [UInt8]
        /// `,"ModifierGroups":[…]}`.
        let ending: [UInt8]
    }

    private init() {
        styles = styleNames.map { name in name.isEmpty ? [] : Array(" \(Self.escaped(name))".utf8) }
        var categories: [RegisterCategory] = []
        var dishes: [Dish] = []
        for (branchIndex, branch) in Self.branches.enumerated() {
            let rootID = 5_000 + branchIndex * 100
            categories.append(RegisterCategory(id: rootID, name: branch.name, sortOrder: branchIndex + 1))
            for (leafIndex, leaf) in branch.leaves.enumerated() {
                // Every third leaf hangs a level deeper, below the one before it.
                let parent = leafIndex % 3 == 2 ? rootID + leafIndex : rootID
                let id = rootID + leafIndex + 1
                categories.append(
                    RegisterCategory(id: id, name: leaf.name, parentId: parent, sortOrder: leafIndex + 1)
                )
                dishes += leaf.dishes.map { Dish($0, category: id, vat: branch.vat) }
            }
        }
        self.categories = categories
        // Neighbours in the catalogue are of different categories, as on a register that grew over years.
        self.dishes = dishes.indices.map { dishes[$0 * 7 % dishes.count] }
        modifiers = Self.choices.flatMap { choice in
            choice.options.enumerated().map { index, option in
                RegisterProduct(id: choice.optionID(index), name: option.name, priceCents: option.cents, listed: false)
            }
        }
    }

    /// A text as it stands between quotes.
    fileprivate static func escaped(_ text: String) -> String {
        String(WireValue.string(text).ascii.dropFirst().dropLast())
    }
}

extension MadeUpMenu.Dish {
    fileprivate init(_ plan: MadeUpMenu.Plan, category: Int, vat: Int) {
        name = plan.name
        priceCents = plan.cents
        categoryId = category
        opening = Array(",\"Name\":\"\(MadeUpMenu.escaped(plan.name))".utf8)
        let letters = plan.name.unicodeScalars.filter { ("A"..."Z").contains($0) || ("a"..."z").contains($0) }
        kitchen = Array(",\"KitchenName\":\"\(String(String.UnicodeScalarView(letters.prefix(3))).uppercased())".utf8)
        middle = Array("\",\"CategoryId\":\(category),\"VatPercentage\":\(vat),\"SortOrder\":".utf8)
        let groups = plan.choices.map { MadeUpMenu.choices[$0].entry }
        ending = Array(",\"ModifierGroups\":\(WireValue.array(groups).ascii)}".utf8)
    }
}

// MARK: - What there is

extension MadeUpMenu {
    fileprivate struct Branch {
        let name: String
        let vat: Int
        let leaves: [(name: String, dishes: [Plan])]
    }

    /// A dish as it is planned; `choices` are places in ``choices``.
    fileprivate struct Plan {
        let name: String
        let cents: Int
        var choices: [Int]

        init(_ name: String, _ cents: Int, _ choices: Int...) {
            self.name = name
            self.cents = cents
            self.choices = choices
        }
    }

    /// A modifier group.
    fileprivate struct Choice {
        let id: Int
        let name: String
        let min: Int
        let max: Int
        let options: [(name: String, cents: Int)]

        func optionID(_ index: Int) -> Int { 2_000_000 + (id - 7_000) * 10 + index }

        var entry: WireValue {
            [
                "Id": .int(id), "Name": .string(name), "Min": .int(min), "Max": .int(max),
                "Modifiers": .array(
                    options.enumerated().map { index, option in
                        [
                            "Id": .int(optionID(index)), "Name": .string(option.name), "Price": .euros(option.cents),
                        ]
                    }
                ),
            ]
        }
    }

    /// The fourth says the same as the third under another id, as it happens where two people set up a register.
    fileprivate static let choices = [
        Choice(id: 7_001, name: "Milk", min: 0, max: 1, options: [("Oat milk", 50), ("Soy milk", 40)]),
        Choice(
            id: 7_002,
            name: "Cuisson",
            min: 1,
            max: 1,
            options: [("Bleu", 0), ("\u{c0} point", 0), ("Bien cuit", 0)]
        ),
        Choice(id: 7_003, name: "Sauce", min: 0, max: 2, options: [("B\u{e9}arnaise", 150), ("Poivre", 150)]),
        Choice(id: 7_004, name: "Sauce", min: 0, max: 2, options: [("B\u{e9}arnaise", 150), ("Poivre", 150)]),
        Choice(id: 7_005, name: "Side", min: 1, max: 1, options: [("Frites", 0), ("Salade", 0), ("Riz", 0)]),
        Choice(id: 7_006, name: "Extras", min: 0, max: 0, options: [("Extra cheese", 150), ("Bacon", 200)]),
        Choice(id: 7_007, name: "Size", min: 1, max: 1, options: [("25 cl", 0), ("50 cl", 180)]),
    ]

    fileprivate static let branches = [
        Branch(
            name: "Boissons",
            vat: 21,
            leaves: [
                ("Caf\u{e9}s", [Plan("Espresso", 260), Plan("Cappuccino", 340, 0), Plan("Latte macchiato", 380, 0)]),
                ("Th\u{e9}s", [Plan("Earl Grey", 310), Plan("Menthe fra\u{ee}che", 360)]),
                ("Infusions", [Plan("Verveine", 330)]),
                ("Softs", [Plan("Cola", 290, 6), Plan("Limonade", 300, 6), Plan("Jus d'orange", 420)]),
                ("Eaux", [Plan("Eau plate", 280, 6), Plan("Eau p\u{e9}tillante", 280, 6)]),
                ("Jus", [Plan("Jus de pomme", 350)]),
            ]
        ),
        Branch(
            name: "Bi\u{e8}res et vins",
            vat: 21,
            leaves: [
                ("Pression", [Plan("Pils", 310, 6), Plan("Blanche", 360, 6)]),
                ("Trappistes", [Plan("Orval", 520), Plan("Rochefort 10", 580)]),
                ("Quadrupels", [Plan("Straffe Hendrik", 560)]),
                ("Vins rouges", [Plan("C\u{f4}tes du Rh\u{f4}ne", 550), Plan("Bordeaux", 620)]),
                ("Vins blancs", [Plan("Chablis", 690)]),
            ]
        ),
        Branch(
            name: "Entr\u{e9}es",
            vat: 12,
            leaves: [
                ("Froides", [Plan("Carpaccio", 1_450), Plan("Saumon fum\u{e9}", 1_590)]),
                ("Chaudes", [Plan("Croquettes aux crevettes", 1_690), Plan("Scampis \u{e0} l'ail", 1_750, 2)]),
                ("Potages", [Plan("Soupe \u{e0} l'oignon", 890), Plan("Bisque de homard", 1_290)]),
            ]
        ),
        Branch(
            name: "Plats",
            vat: 12,
            leaves: [
                (
                    "Viandes",
                    [Plan("Filet pur", 2_990, 1, 2), Plan("Entrec\u{f4}te", 2_790, 1, 3), Plan("Carbonnades", 2_150)]
                ),
                ("Poissons", [Plan("Sole meuni\u{e8}re", 3_250), Plan("Cabillaud", 2_650, 4)]),
                ("Moules", [Plan("Moules nature", 2_450), Plan("Moules \u{e0} la cr\u{e8}me", 2_590)]),
                ("P\u{e2}tes", [Plan("Spaghetti bolognaise", 1_490), Plan("Tagliatelles", 1_650)]),
                ("Burgers", [Plan("Burger classique", 1_690, 5), Plan("Burger v\u{e9}g\u{e9}", 1_650, 5, 4)]),
            ]
        ),
        Branch(
            name: "Sur le pouce",
            vat: 12,
            leaves: [
                ("Croques", [Plan("Croque monsieur", 1_090, 5), Plan("Croque madame", 1_190, 5)]),
                ("Salades", [Plan("Salade ni\u{e7}oise", 1_790), Plan("Salade de ch\u{e8}vre", 1_750)]),
                ("Enfants", [Plan("Vol-au-vent", 1_150), Plan("Boulettes", 990, 3)]),
            ]
        ),
        Branch(
            name: "Desserts",
            vat: 12,
            leaves: [
                ("Glaces", [Plan("Dame blanche", 850), Plan("Br\u{e9}silienne", 850)]),
                ("G\u{e2}teaux", [Plan("Tarte tatin", 790), Plan("Moelleux au chocolat", 920)]),
                ("Cr\u{e8}mes", [Plan("Cr\u{e8}me br\u{fb}l\u{e9}e", 780), Plan("Sabayon", 990)]),
                ("Gaufres", [Plan("Gaufre de Bruxelles", 690, 5), Plan("Gaufre de Li\u{e8}ge", 590)]),
            ]
        ),
    ]
}
