import Foundation
import TestBed
import Testing

/// Reads QR codes as a guest's telephone would: with programs that have nothing to do with what drew them.
///
/// `.ci/setup` installs them. A machine without them fails these tests, and says what is missing.
struct CodeReader {
    /// A folder of its own for one test, below `.run`.
    let folder: URL

    init() throws {
        folder = TestBed.runDirectory.appending(path: "qr-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// What the codes in an SVG say.
    func texts(inSVG svg: Data) async throws -> [String] {
        let (picture, image) = (folder.appending(path: "code.svg"), folder.appending(path: "code.png"))
        try svg.write(to: picture)
        _ = try await run("rsvg-convert", "librsvg2-bin", ["-w", "500", "-o", image.path, picture.path])
        return try await texts(inImages: [image])
    }

    /// What the codes on each page of a PDF say, in the order in which they were found there.
    func texts(inPDF pdf: Data) async throws -> [[String]] {
        let file = folder.appending(path: "codes.pdf")
        try pdf.write(to: file)
        let pages = folder.appending(path: "page")
        _ = try await run("pdftoppm", "poppler-utils", ["-r", "150", "-gray", "-png", file.path, pages.path])
        let images = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasPrefix("page-") }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        var texts: [[String]] = []
        for image in images { texts.append(try await self.texts(inImages: [image])) }
        return texts
    }

    /// What a reader for people makes of a PDF: its text.
    func text(ofPDF pdf: Data) async throws -> String {
        let (file, text) = (folder.appending(path: "text.pdf"), folder.appending(path: "text.txt"))
        try pdf.write(to: file)
        _ = try await run("pdftotext", "poppler-utils", ["-layout", "-enc", "UTF-8", file.path, text.path])
        return try String(contentsOf: text, encoding: .utf8)
    }

    /// What a PDF says of itself; every complaint about its form is in it too.
    func information(onPDF pdf: Data) async throws -> String {
        let file = folder.appending(path: "info.pdf")
        try pdf.write(to: file)
        return try await run("pdfinfo", "poppler-utils", [file.path])
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    private func texts(inImages images: [URL]) async throws -> [String] {
        try await run(
            "zbarimg",
            "zbar-tools",
            ["--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable"] + images.map(\.path)
        )
        .split(separator: "\n").map(String.init)
    }

    private func run(_ program: String, _ package: String, _ arguments: [String]) async throws -> String {
        let path = "/usr/bin/\(program)"
        try #require(
            FileManager.default.isExecutableFile(atPath: path),
            "\(program) is not installed, so no code can be read back. Run make setup, or install \(package)."
        )
        let process = try ChildProcess.start(
            URL(filePath: path),
            arguments,
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path, "LC_ALL": "C.UTF-8"],
            output: folder.appending(path: "\(program)-\(UUID().uuidString).out")
        )
        let exit = await process.waitForExit()
        let output = try String(contentsOf: process.output, encoding: .utf8)
        try #require(exit == .status(0), "\(program) ended with \(exit): \(output)")
        return output
    }
}
