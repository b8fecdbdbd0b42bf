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

    /// What the code in an SVG says; `nil` where none is found.
    func text(inSVG svg: Data) async throws -> String? {
        let (picture, image) = (folder.appending(path: "code.svg"), folder.appending(path: "code.png"))
        try svg.write(to: picture)
        // A telephone looks more than once, too: what it sees is now larger, now smaller.
        for width in [500, 700, 350] {
            _ = try await run("rsvg-convert", "librsvg2-bin", ["-w", "\(width)", "-o", image.path, picture.path])
            if let text = try await text(inImage: image) { return text }
        }
        return nil
    }

    /// What the codes of a PDF say, place by place; `counts` are how many should be on each page.
    func texts(inPDF pdf: Data, onPages counts: [Int]) async throws -> [[String?]] {
        let file = folder.appending(path: "codes-\(UUID().uuidString).pdf")
        try pdf.write(to: file)
        var texts: [[String?]] = []
        for (page, count) in counts.enumerated() {
            var onPage: [String?] = []
            for place in 0..<count { onPage.append(try await text(in: file, page: page + 1, place: place)) }
            texts.append(onPage)
        }
        return texts
    }

    /// What stands in one of the twelve places of a page, of which each is 174 points wide and 180 high.
    private func text(in file: URL, page: Int, place: Int) async throws -> String? {
        let (left, top) = (36 + place % 3 * 174, 70 + place / 3 * 180)
        let image = folder.appending(path: "place-\(page)-\(place)")
        // Pixels to a point.
        for scale in [2, 3, 5] {
            _ = try await run(
                "pdftoppm",
                "poppler-utils",
                [
                    "-r", "\(72 * scale)", "-f", "\(page)", "-l", "\(page)", "-singlefile", "-gray", "-png",
                    "-x", "\(left * scale)", "-y", "\(top * scale)", "-W", "\(174 * scale)", "-H", "\(180 * scale)",
                    file.path, image.path,
                ]
            )
            if let text = try await text(inImage: image.appendingPathExtension("png")) { return text }
        }
        return nil
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

    /// The one code in an image; zbarimg ends with 4 where there is none.
    private func text(inImage image: URL) async throws -> String? {
        let texts = try await run(
            "zbarimg",
            "zbar-tools",
            ["--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable", image.path],
            accepting: [.status(0), .status(4)]
        )
        .split(separator: "\n").map(String.init)
        try #require(texts.count <= 1, "One code, and \(texts) were read.")
        return texts.first
    }

    private func run(
        _ program: String,
        _ package: String,
        _ arguments: [String],
        accepting accepted: [ChildProcess.Exit] = [.status(0)]
    ) async throws -> String {
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
        try #require(accepted.contains(exit), "\(program) ended with \(exit): \(output)")
        return output
    }
}
