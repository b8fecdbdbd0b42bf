import RPC

/// Requests as bytes, made beforehand so that making them costs a run nothing.
enum HTTPMessages {
    static func post(_ path: String, token: String, body: String) -> [UInt8] {
        Array(
            """
            POST \(path) HTTP/1.1\r
            Host: 127.0.0.1\r
            Authorization: Bearer \(token)\r
            Content-Type: application/json\r
            Connect-Protocol-Version: 1\r
            Content-Length: \(body.utf8.count)\r
            \r
            \(body)
            """.utf8
        )
    }
}
