// What the register tells, in the shapes of the wire page. Nothing here changes anything.

extension RegisterState {
    static let accepted: WireValue = ["IsSuccessStatusCode": .bool(true)]

    static func refused(_ message: String) -> WireValue {
        ["IsSuccessStatusCode": .bool(false), "ErrorMessage": .string(message)]
    }

    var testAnswer: WireValue {
        [
            "IsSuccessStatusCode": .bool(true), "tipCalculatorActivated": .bool(settings.tips),
            "SystemName": .string(settings.systemName), "SystemVersion": .string(settings.systemVersion),
        ]
    }

    /// The whole catalogue, but for the made-up products: those go through ``LongCatalog``.
    var allProductsAnswer: WireValue {
        ["AllProducts": .array(listedProducts), "Categories": listedCategories]
    }

    /// The products that are not made up.
    var listedProducts: [WireValue] {
        guard !settings.empty else { return [] }
        return catalog.products.filter { $0.listed ?? true }.map(entry)
            + (settings.awkward ? AwkwardCatalog.products : [])
    }

    var listedCategories: WireValue {
        guard !settings.empty else { return [] }
        return .array(
            (catalog.categories + madeUp.categories).map(entry) + (settings.awkward ? AwkwardCatalog.categories : [])
        )
    }

    var selectionsAnswer: WireValue {
        guard !settings.empty else { return ["ProductSelections": []] }
        let selections = (catalog.selections + madeUp.selections).map { selection -> WireValue in
            .object(
                [
                    .init("Id", .int(selection.id)), .init("Name", .string(selection.name)),
                    .init("Products", .array(selection.products.map { ["Id": .int($0)] })),
                ] + optional("SortOrder", selection.sortOrder)
            )
        }
        return ["ProductSelections": .array(selections + (settings.awkward ? AwkwardCatalog.selections : []))]
    }

    var tablesAnswer: WireValue {
        let tables = settings.tables.map { number -> WireValue in
            settings.plainTables ? .int(number) : ["TableNumber": .int(number), "Name": .string("Table \(number)")]
        }
        return ["TableNumbers": .array(tables)]
    }

    var freeTableAnswer: WireValue {
        ["TableNumber": freeTable.map { .int($0) } ?? .string("false")]
    }

    var paymentTypesAnswer: WireValue {
        let types = settings.paymentTypes.map { type -> WireValue in
            ["Number": .int(type.number), "Name": .string(type.name)]
        }
        return ["Payments": .array(types)]
    }

    func countdownAnswer(threshold: Int?) -> WireValue {
        let made = madeUp
        let products = catalog.products + made.counted.compactMap(made.article)
        let counted = products.compactMap { product -> WireValue? in
            guard let stock = product.stock ?? stock(of: product.id), stock <= threshold ?? .max else { return nil }
            return ["Id": .int(product.id), "Name": .string(product.name), "Stock": .int(stock)]
        }
        return ["CountdownPlus": .array(counted)]
    }

    func billAnswer(table: Int) throws(Refusal) -> WireValue {
        guard !settings.billOff else { throw Refusal(settings.billOffMessage) }
        guard isTable(table) else { throw Refusal("Table \(table) does not exist") }
        guard open[table] != nil || !settings.noBillRefused else { throw Refusal(settings.noBillMessage) }
        let bill = open[table] ?? RegisterBill(table: table)
        let deposits = bill.deposits.map { deposit -> WireValue in
            ["Amount": .euros(deposit.amountCents), "PaymentNumber": .int(deposit.paymentNumber)]
        }
        return [
            "TableNumber": .int(table), "TableText": .string(bill.tableText),
            "BillTotal": ["Payment": .euros(bill.paymentCents)], "Items": .array(bill.lines.map(entry)),
            "Deposits": .array(deposits),
        ]
    }

    private func entry(_ line: RegisterLine) -> WireValue {
        [
            "ArticleId": .int(line.articleId), "Text": .string(line.text), "Quantity": .int(line.quantity),
            "UnitPrice": .euros(line.unitPriceCents), "Variants": .array(line.variants.map(entry)),
        ]
    }

    private func entry(_ category: RegisterCategory) -> WireValue {
        .object(
            [.init("Id", .int(category.id)), .init("Name", .string(category.name))]
                + optional("ParentId", category.parentId) + optional("SortOrder", category.sortOrder)
        )
    }

    private func entry(_ product: RegisterProduct) -> WireValue {
        let groups = (product.modifierGroups ?? []).map { group -> WireValue in
            let modifiers = group.modifiers.map { id -> WireValue in
                let modifier = catalog.product(id)
                return [
                    "Id": .int(id), "Name": .string(modifier?.name ?? ""), "Price": .euros(modifier?.priceCents ?? 0),
                ]
            }
            return [
                "Id": .int(group.id), "Name": .string(group.name), "Min": .int(group.min), "Max": .int(group.max),
                "Modifiers": .array(modifiers),
            ]
        }
        let name = product.kitchenName.map { [WireValue.Member("KitchenName", .string($0))] } ?? []
        return .object(
            [
                .init("Id", .int(product.id)), .init("Name", .string(product.name)),
                .init("Price", .euros(product.priceCents)),
            ] + name + optional("CategoryId", product.categoryId) + optional("VatPercentage", product.vatPercentage)
                + optional("SortOrder", product.sortOrder) + [.init("ModifierGroups", .array(groups))]
        )
    }

    private func optional(_ name: String, _ number: Int?) -> [WireValue.Member] {
        number.map { [.init(name, .int($0))] } ?? []
    }
}
