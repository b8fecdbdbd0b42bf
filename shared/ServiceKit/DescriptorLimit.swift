import Foundation
import Logging

/// How many files and sockets this process may have open.
enum DescriptorLimit {
    /// Raises the soft limit to the hard one, and says so where even that is less than what is needed.
    static func raise(for needed: Int, logger: Logger) {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(kind, &limit)
        if limit.rlim_max < needed {
            logger.warning(
                "Fewer descriptors are allowed than connections",
                metadata: ["allowed": "\(limit.rlim_max)", "needed": "\(needed)", "setting": "HTTP_MAX_CONNECTIONS"]
            )
        }
    }
}
