import Contracts
import Postgres

// Enums stand in tables as the texts they are on the wire.

extension Provider: PostgresEncodable, PostgresDecodable {}
extension ConnectionStatus: PostgresEncodable, PostgresDecodable {}
extension ActivityType: PostgresEncodable {}
extension AttemptOutcome: PostgresEncodable {}
extension Intent.Operation: PostgresEncodable {}
