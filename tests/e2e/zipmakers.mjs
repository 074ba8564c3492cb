// node zipmakers.mjs HOME TOOL MODE DIR FILE: DIR as FILE, made by TOOL, a package
// in HOME/node_modules; MODE is stored or deflated.
import fs from "node:fs";
import path from "node:path";
import { File } from "node:buffer";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { pipeline } from "node:stream/promises";

const [home, tool, mode, top, file] = process.argv.slice(2);
const require = createRequire(path.join(home, "x.js"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const deflated = mode === "deflated";
const time = new Date(Date.UTC(2021, 2, 4, 5, 6, 8));

// [name, bytes], of directories with "/" and null.
const entries = fs.readdirSync(top, { recursive: true, withFileTypes: true })
  .map((e) => {
    const whole = path.join(e.parentPath ?? e.path, e.name);
    const name = path.relative(top, whole).split(path.sep).join("/");
    return e.isDirectory() ? [name + "/", null] : [name, fs.readFileSync(whole)];
  });

const makers = {
  async jszip() {
    const zip = new (require("jszip"))();
    for (const [name, bytes] of entries)
      zip.file(name, bytes, { dir: bytes === null, date: time });
    const options = { compression: deflated ? "DEFLATE" : "STORE" };
    // Streamed, it writes data descriptors.
    await pipeline(zip.generateNodeStream({ ...options, streamFiles: true }),
      fs.createWriteStream(file));
  },
  async archiver() {
    const zip = require("archiver")("zip", { store: !deflated });
    for (const [name, bytes] of entries)
      zip.append(bytes ?? "", { name, date: time,
        type: bytes === null ? "directory" : "file" });
    zip.finalize();
    await pipeline(zip, fs.createWriteStream(file));
  },
  async yazl() {
    const zip = new (require("yazl").ZipFile)();
    for (const [name, bytes] of entries) {
      const options = { mtime: time, compress: deflated };
      if (bytes === null) zip.addEmptyDirectory(name, { mtime: time });
      else if (bytes.length > 1000)
        zip.addReadStream(fs.createReadStream(path.join(top, name)), name, options);
      else zip.addBuffer(bytes, name, options);
    }
    zip.end();
    await pipeline(zip.outputStream, fs.createWriteStream(file));
  },
  async fflate() {
    const { zipSync } = require("fflate");
    const tree = {};
    for (const [name, bytes] of entries)
      tree[name] = [bytes ?? new Uint8Array(0),
        { level: deflated && bytes !== null ? 6 : 0, mtime: time }];
    fs.writeFileSync(file, zipSync(tree));
  },
  async "zip.js"() {
    const zip = await load("@zip.js/zip.js");
    const writer = new zip.ZipWriter(new zip.Uint8ArrayWriter(),
      { level: deflated ? 6 : 0, lastModDate: time, useWebWorkers: false });
    for (const [name, bytes] of entries)
      await writer.add(name, bytes && new zip.Uint8ArrayReader(bytes),
        { directory: bytes === null });
    fs.writeFileSync(file, await writer.close());
  },
  async "client-zip"() {
    // Browsers have it, and Node.js from 20 on.
    globalThis.File ??= File;
    const { downloadZip } = await load("client-zip");
    const files = entries.map(([name, bytes]) =>
      bytes === null ? { name, lastModified: time }
        : { name, input: bytes, lastModified: time });
    fs.writeFileSync(file,
      Buffer.from(await downloadZip(files).arrayBuffer()));
  },
  async "adm-zip"() {
    const zip = new (require("adm-zip"))();
    for (const [name, bytes] of entries)
      zip.addFile(name, bytes ?? Buffer.alloc(0));
    if (!deflated) for (const entry of zip.getEntries()) entry.header.method = 0;
    zip.writeZip(file);
  },
};
await makers[tool]();
