import Foundation

/// The installed PostgreSQL, and how its programs must be started.
struct PostgresPrograms: Sendable {
    let folder: URL

    /// Finds `initdb` and `postgres`, the newest version first where there are several.
    static func find() throws -> PostgresPrograms {
        let files = FileManager.default
        let path = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":").map(String.init)
        let installed = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt"].flatMap { root in
            let versions = (try? files.contentsOfDirectory(atPath: root)) ?? []
            return versions.sorted { $0.localizedStandardCompare($1) == .orderedDescending }
                .map { "\(root)/\($0)/bin" }
        }
        for folder in path + installed {
            let hasBoth = ["initdb", "postgres"].allSatisfy { files.isExecutableFile(atPath: "\(folder)/\($0)") }
            if hasBoth {
                // postgres looks for its libraries beside its real place, not beside a link to it.
                return PostgresPrograms(
                    folder: URL(filePath: "\(folder)/postgres").resolvingSymlinksInPath().deletingLastPathComponent()
                )
            }
        }
        throw TestBedError(
            "PostgreSQL is not installed: install the package postgresql (Debian, Ubuntu) or postgresql@17 (Homebrew)."
        )
    }

    /// The command that runs one of the programs, as the user postgres where this process is root.
    func command(_ program: String, _ arguments: [String]) throws -> [String] {
        let command = [folder.appending(path: program).path] + arguments
        guard geteuid() == 0 else {
            return command
        }
        guard getpwnam("postgres") != nil else {
            throw TestBedError("PostgreSQL does not run as root and there is no user postgres to run it as.")
        }
        for path in ["/usr/bin/setpriv", "/bin/setpriv"] where FileManager.default.isExecutableFile(atPath: path) {
            return [path, "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] + command
        }
        for path in ["/usr/sbin/runuser", "/sbin/runuser"] where FileManager.default.isExecutableFile(atPath: path) {
            return [path, "-u", "postgres", "--"] + command
        }
        throw TestBedError("PostgreSQL does not run as root: install setpriv or runuser (util-linux).")
    }

    /// Whether the user that PostgreSQL runs as can reach a folder: everyone may pass through all folders above it.
    static func canReach(_ folder: URL) -> Bool {
        guard geteuid() == 0 else {
            return true
        }
        var path = folder.standardizedFileURL
        while path.path != "/" {
            path.deleteLastPathComponent()
            var status = stat()
            if stat(path.path, &status) == 0, status.st_mode & 0o001 == 0 {
                return false
            }
        }
        return true
    }

    /// Gives a folder to the user that PostgreSQL runs as.
    static func handOver(_ folder: URL) {
        if geteuid() == 0, let user = getpwnam("postgres") {
            _ = chown(folder.path, user.pointee.pw_uid, user.pointee.pw_gid)
        }
    }
}
