// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "upvendo-pos",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "order-router", targets: ["OrderRouter"]),
        .executable(name: "table-allocator", targets: ["TableAllocator"]),
        .executable(name: "kassanet-gateway", targets: ["KassanetGateway"]),
        .executable(name: "mplus-gateway", targets: ["MplusGateway"]),
        .executable(name: "menu-sync", targets: ["MenuSync"]),
        .executable(name: "scheduler", targets: ["Scheduler"]),
        .executable(name: "kassanet-simulator", targets: ["KassanetSimulator"]),
        .executable(name: "demo", targets: ["Demo"]),
        .executable(name: "bench", targets: ["Bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: shared + services + tests
)

// MARK: - shared: what every service stands on. A target sees only what stands below it.

var shared: [Target] {
    [
        .systemLibrary(
            name: "CLibPQ",
            path: "shared/CLibPQ",
            pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]
        ),
        .systemLibrary(
            name: "CQRCode",
            path: "shared/CQRCode",
            pkgConfig: "libqrencode",
            providers: [.apt(["libqrencode-dev"])]
        ),
        .target(
            name: "CRegisterHTTP",
            path: "shared/CRegisterHTTP",
            linkerSettings: [.linkedLibrary("curl")]
        ),
        .target(
            name: "CBlowfish",
            path: "shared/CBlowfish",
            linkerSettings: [.linkedLibrary("crypto")]
        ),
        .swift("Secrets", "shared/Secrets", [.crypto]),
        .swift("JSON", "shared/JSON", []),
        .swift("RPC", "shared/RPC", ["JSON", "Secrets", .crypto, .logging]),
        .swift("Contracts", "shared/Contracts", ["RPC"]),
        .swift("OpenAPI", "shared/OpenAPI", ["RPC"]),
        .swift(
            "RPCServer",
            "shared/RPCServer",
            [
                "OpenAPI", "RPC", .hummingbird, .hummingbirdCore, .httpTypes, .logging, .metrics, .nioCore, .nioHTTP1,
            ]
        ),
        .swift(
            "RPCClient",
            "shared/RPCClient",
            ["RPC", "Secrets", .asyncHTTPClient, .logging, .nioCore, .nioHTTP1, .nioPosix]
        ),
        .swift("Following", "shared/Following", ["Contracts", "RPC", "RPCClient", .logging, .serviceLifecycle]),
        .swift("Postgres", "shared/Postgres", ["CLibPQ", "JSON", "Secrets", .logging, .metrics, .serviceLifecycle]),
        .swift("RegisterHTTP", "shared/RegisterHTTP", ["CRegisterHTTP", .logging, .serviceLifecycle]),
        .swift(
            "ServiceKit",
            "shared/ServiceKit",
            [
                "OpenAPI", "Postgres", "RPC", "RPCClient", "RPCServer", "Secrets", .argumentParser, .asyncHTTPClient,
                .configuration, .hummingbird, .hummingbirdCore, .logging, .metrics, .metricsCore, .nioCore, .nioHTTP1,
                .serviceLifecycle, .systemPackage, .unixSignals,
            ]
        ),
        .swift(
            "Notifications",
            "shared/Notifications",
            [
                "Contracts", "Postgres", "RPC", "RPCServer", "Secrets", "ServiceKit", .asyncHTTPClient, .crypto,
                .logging, .metrics, .nioCore, .nioHTTP1, .nioPosix, .serviceLifecycle,
            ]
        ),
    ]
}

// MARK: - services: six executables that meet only over HTTP.

var services: [Target] {
    [
        .service("OrderRouter", "order-router", ["Following", "Notifications", .asyncHTTPClient, .crypto]),
        .swift(
            "TableAllocatorStorage",
            "services/table-allocator/Storage",
            ["Contracts", "Postgres", "RPC", .logging]
        ),
        .service(
            "TableAllocator",
            "table-allocator",
            ["CQRCode", "TableAllocatorStorage", .asyncHTTPClient, .crypto],
            apart: ["Storage"]
        ),
        .service("KassanetGateway", "kassanet-gateway", ["CBlowfish", "RegisterHTTP", .crypto, .httpTypes]),
        .service("MplusGateway", "mplus-gateway"),
        .service("MenuSync", "menu-sync", ["Following", "Notifications", .asyncHTTPClient, .crypto]),
        .service("Scheduler", "scheduler", ["Following", .asyncHTTPClient]),
    ]
}

// MARK: - tests: the register simulator, the bed that processes and databases run in, and what is shown to hold.

var tests: [Target] {
    [
        .executableTarget(
            name: "KassanetSimulator",
            dependencies: ["CBlowfish", .argumentParser, .crypto, .nioCore, .nioHTTP1, .nioPosix],
            path: "Tests/KassanetSimulator",
            swiftSettings: .house
        ),
        .swift(
            "TestBed",
            "Tests/TestBed",
            ["Contracts", "Postgres", "RPC", "RPCClient", "Secrets", .asyncHTTPClient, .logging, .nioCore, .nioHTTP1]
        ),
        .swift(
            "ServerBed",
            "Tests/ServerBed",
            ["RPC", "RPCClient", "RPCServer", "Secrets", .asyncHTTPClient, .hummingbird, .logging, .serviceLifecycle]
        ),
        .swift(
            "ReceiverBed",
            "Tests/ReceiverBed",
            ["RPCServer", .crypto, .httpTypes, .hummingbird, .logging, .nioCore, .serviceLifecycle]
        ),
        .executableTarget(
            name: "Demo",
            dependencies: ["Contracts", "RPC", "RPCClient", "Secrets", "TestBed", .argumentParser, .unixSignals],
            path: "Tests/Demo",
            swiftSettings: .house
        ),
        .executableTarget(
            name: "Bench",
            dependencies: [
                "CBlowfish", "Contracts", "Postgres", "RPC", "RPCClient", "Secrets", "TableAllocatorStorage", "TestBed",
                .argumentParser, .crypto, .histogram, .hummingbird, .logging,
            ],
            path: "Tests/Bench",
            exclude: ["pgbench"],
            swiftSettings: .house
        ),
        .tests(
            "RPCTests",
            [
                "JSON", "RPC", "RPCClient", "RPCServer", "Secrets", "TestBed", .asyncHTTPClient, .httpTypes,
                .hummingbird,
                .logging, .nioCore, .nioHTTP1, .serviceLifecycle,
            ]
        ),
        .tests("JSONTests", ["JSON"]),
        .tests("OpenAPITests", ["Contracts", "OpenAPI", "RPC", "TestBed"]),
        .tests("SecretsTests", ["Secrets"]),
        .tests("ContractsTests", ["Contracts", "RPC", "TestBed"], resources: [.copy("Golden")]),
        .tests("PostgresTests", ["Postgres", "Secrets", "TestBed", .logging]),
        .tests(
            "ServiceKitTests",
            [
                "RPC", "RPCServer", "Secrets", "ServiceKit", .asyncHTTPClient, .hummingbird, .logging, .metrics,
                .nioCore, .nioHTTP1, .serviceLifecycle,
            ]
        ),
        .tests(
            "NotificationsTests",
            [
                "Contracts", "Notifications", "Postgres", "RPC", "ReceiverBed", "Secrets", "ServiceKit", "TestBed",
                .httpTypes, .hummingbird, .logging, .nioCore, .serviceLifecycle, .serviceLifecycleTestKit,
            ]
        ),
        .tests("RegisterHTTPTests", ["RegisterHTTP", .logging, .nioCore, .nioPosix]),
        .tests("KassanetSimulatorTests", ["KassanetSimulator", .nioCore, .nioPosix]),
        .tests(
            "KassanetGatewayTests",
            [
                "Contracts", "KassanetGateway", "KassanetSimulator", "Postgres", "RPC", "RPCClient", "RPCServer",
                "RegisterHTTP", "Secrets", "ServerBed", "TestBed", .asyncHTTPClient, .hummingbird, .logging, .nioCore,
                .nioHTTP1,
            ]
        ),
        .tests(
            "TableAllocatorTests",
            [
                "Contracts", "Postgres", "RPC", "RPCClient", "RPCServer", "Secrets", "ServerBed", "ServiceKit",
                "TableAllocator", "TableAllocatorStorage", "TestBed", .asyncHTTPClient, .crypto, .hummingbird, .logging,
                .nioCore, .nioHTTP1, .serviceLifecycle,
            ]
        ),
        .tests(
            "OrderRouterTests",
            [
                "Contracts", "Notifications", "OrderRouter", "Postgres", "RPC", "RPCClient", "RPCServer", "Secrets",
                "ServerBed",
                "TestBed", .asyncHTTPClient, .hummingbird, .logging, .nioCore, .serviceLifecycle,
            ]
        ),
        .tests(
            "SchedulerTests",
            [
                "Contracts", "Postgres", "RPC", "RPCClient", "RPCServer", "Scheduler", "Secrets", "ServerBed",
                "TestBed",
                .asyncHTTPClient, .hummingbird, .logging, .nioCore, .serviceLifecycle,
            ]
        ),
        .tests(
            "MenuSyncTests",
            [
                "Contracts", "Following", "MenuSync", "Notifications", "Postgres", "RPC", "RPCClient", "RPCServer",
                "Secrets", "ServerBed",
                "ServiceKit", "TestBed",
                .argumentParser, .asyncHTTPClient, .crypto, .hummingbird, .logging, .nioCore, .serviceLifecycle,
            ]
        ),
        .tests(
            "SystemTests",
            [
                "Contracts", "KassanetSimulator", "Postgres", "RPC", "RPCClient", "ReceiverBed", "Secrets", "TestBed",
                .logging,
            ]
        ),
    ]
}

// MARK: - How targets are declared here

extension [SwiftSetting] {
    static var house: [SwiftSetting] {
        [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
        ]
    }
}

extension Target {
    static func swift(_ name: String, _ path: String, _ dependencies: [Dependency]) -> Target {
        .target(name: name, dependencies: dependencies, path: path, swiftSettings: .house)
    }

    /// A service: an executable over the shared modules, with its one page of documentation beside it.
    ///
    /// `apart`: folders that are targets of their own.
    static func service(
        _ name: String,
        _ folder: String,
        _ more: [Dependency] = [],
        apart: [String] = []
    ) -> Target {
        .executableTarget(
            name: name,
            dependencies: [
                "Contracts", "OpenAPI", "Postgres", "RPC", "RPCClient", "RPCServer", "Secrets", "ServiceKit",
                .argumentParser, .hummingbird, .logging, .metrics, .serviceLifecycle,
            ] + more,
            path: "services/\(folder)",
            exclude: ["README.md"] + apart,
            swiftSettings: .house
        )
    }

    static func tests(_ name: String, _ dependencies: [Dependency], resources: [Resource] = []) -> Target {
        .testTarget(
            name: name,
            dependencies: dependencies,
            path: "Tests/\(name)",
            resources: resources,
            swiftSettings: .house
        )
    }
}

extension Target.Dependency {
    static var argumentParser: Self { .product(name: "ArgumentParser", package: "swift-argument-parser") }
    static var asyncHTTPClient: Self { .product(name: "AsyncHTTPClient", package: "async-http-client") }
    static var configuration: Self { .product(name: "Configuration", package: "swift-configuration") }
    static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
    static var histogram: Self { .product(name: "Histogram", package: "hdrhistogram-swift") }
    static var httpTypes: Self { .product(name: "HTTPTypes", package: "swift-http-types") }
    static var hummingbird: Self { .product(name: "Hummingbird", package: "hummingbird") }
    static var hummingbirdCore: Self { .product(name: "HummingbirdCore", package: "hummingbird") }
    static var logging: Self { .product(name: "Logging", package: "swift-log") }
    static var metrics: Self { .product(name: "Metrics", package: "swift-metrics") }
    static var metricsCore: Self { .product(name: "CoreMetrics", package: "swift-metrics") }
    static var nioCore: Self { .product(name: "NIOCore", package: "swift-nio") }
    static var nioHTTP1: Self { .product(name: "NIOHTTP1", package: "swift-nio") }
    static var nioPosix: Self { .product(name: "NIOPosix", package: "swift-nio") }
    static var serviceLifecycle: Self { .product(name: "ServiceLifecycle", package: "swift-service-lifecycle") }
    static var serviceLifecycleTestKit: Self {
        .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
    }
    static var systemPackage: Self { .product(name: "SystemPackage", package: "swift-system") }
    static var unixSignals: Self { .product(name: "UnixSignals", package: "swift-service-lifecycle") }
}
