// Compiles and packs what a browser's Python imports: node pack.mjs WORK OUTPUT
// WORK holds stdlib.zip and the folders neuraldocflow/ and pymupdf/; OUTPUT gets a zip of each.
import { readFile, writeFile } from "node:fs/promises";
import { loadPyodide } from "pyodide";

const [work, output] = process.argv.slice(2);
const python = await loadPyodide();
python.FS.mkdirTree("/parts");
python.FS.mount(python.FS.filesystems.NODEFS, { root: work }, "/parts");
python.runPython(await readFile(new URL("pack.py", import.meta.url), "utf8"));
python.runPython(`
repack("/parts/stdlib.zip", "/tmp/stdlib.zip", (
    "ensurepip/", "idlelib/", "lib2to3/", "pydoc_data/", "test/", "tkinter/", "turtledemo/", "unittest/", "venv/",
    "asyncio/test", "curses/", "dbm/", "distutils/", "turtle.py", "pydoc.py",
))
pack_folder("/parts/neuraldocflow", "/tmp/neuraldocflow.zip")
pack_folder("/parts/pymupdf", "/tmp/pymupdf.zip")
`);
for (const name of ["stdlib", "neuraldocflow", "pymupdf"])
  await writeFile(`${output}/${name}.zip`, python.FS.readFile(`/tmp/${name}.zip`));
