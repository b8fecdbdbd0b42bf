import RPC

/// Whose menu it is: a location of a merchant.
struct MenuKey: Hashable, Sendable {
    let merchantID: MerchantID
    let locationID: LocationID
}
