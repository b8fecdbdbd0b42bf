import Postgres
package import RPC

// Identifiers and the enums of contracts stand in tables as the texts they are on the wire.

extension MerchantID: PostgresEncodable, PostgresDecodable {}
extension LocationID: PostgresEncodable, PostgresDecodable {}
