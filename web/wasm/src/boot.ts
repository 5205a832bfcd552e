import type { Manifest, Progress } from "./protocol.ts";

/** What is used of Pyodide. */
export interface Python {
  FS: {
    mkdirTree(path: string): void;
    writeFile(path: string, data: Uint8Array, options?: { canOwn?: boolean }): void;
    readFile(path: string): Uint8Array<ArrayBuffer>;
    unlink(path: string): void;
  };
  unpackArchive(data: Uint8Array, format: "zip", options: { extractDir: string }): void;
  runPython(code: string): unknown;
}

export interface Extractor {
  load(form: string): string;
  process(path: string, about: string, tell: (stage: string, done: number, total: number) => void): string;
  draw(path: string, page: number, image: string): string;
}

export interface Booted {
  python: Python;
  extractor: Extractor;
  milliseconds: Record<string, number>;
}

const PACKAGES = "/lib/python3.13/site-packages";
const WAYS = ["download", "boot", "unpack", "import"];

/**
 * Python with the extraction core, from files that lie at `base`. Everything is asked for at once; what is
 * packed is unpacked by the browser while Python starts. Throws when a file can't be had.
 */
export async function boot(
  base: string,
  manifest: Manifest,
  maxSeconds: number,
  tell: (progress: Progress) => void,
): Promise<Booted> {
  const began = performance.now();
  const milliseconds: Record<string, number> = {};
  const lap = (name: string) => {
    milliseconds[name] = Math.round(performance.now() - began);
  };
  const step = (stage: string, done: number, total: number) =>
    tell({ stage, done, total, progress: (WAYS.indexOf(stage) + done / Math.max(total, 1)) / WAYS.length });

  const names = [...manifest.archives, ...manifest.libraries];
  const total = names.reduce((sum, name) => sum + (manifest.files[name]?.bytes ?? 0), 0);
  let loaded = 0;
  step("download", 0, total);
  const files = Promise.all(
    names.map(name =>
      fetched(base + name, bytes => {
        loaded += bytes;
        step("download", loaded, total);
      }),
    ),
  );
  files.catch(() => {}); // awaited below; if Python fails first, that is what is told
  const runtime = base + manifest.pyodide;
  const { loadPyodide } = await import(/* @vite-ignore */ `${runtime}pyodide.mjs`);
  const python: Python = await loadPyodide({
    indexURL: runtime,
    stdLibURL: base + manifest.stdlib,
    checkAPIVersion: true,
  });
  lap("boot");
  step("boot", 1, 1);
  const contents = await files;
  lap("download");
  step("unpack", 0, contents.length);
  python.FS.mkdirTree(`${PACKAGES}/pymupdf`);
  contents.forEach((data, at) => {
    const name = names[at] ?? "";
    if (name.endsWith(".zip")) python.unpackArchive(data, "zip", { extractDir: PACKAGES });
    else python.FS.writeFile(`${PACKAGES}/pymupdf/${fileName(name)}`, data, { canOwn: true });
  });
  lap("unpack");
  step("import", 0, 1);
  python.runPython("import neuraldocflow.browser");
  lap("core");
  python.runPython(
    "import neuraldocflow.extraction.pdf, neuraldocflow.extraction.docx, neuraldocflow.extraction.html",
  );
  const extractor = python.runPython(`neuraldocflow.browser.Extractor(${maxSeconds})`) as Extractor;
  lap("import");
  step("import", 1, 1);
  return { python, extractor, milliseconds };
}

/** A file, unpacked if its name ends with .gz. */
async function fetched(url: string, tell: (bytes: number) => void): Promise<Uint8Array> {
  const answer = await fetch(url);
  if (!answer.ok || !answer.body) throw new Error(`${url} can't be had: ${answer.status}`);
  const counted = answer.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        tell(chunk.byteLength);
        controller.enqueue(chunk);
      },
    }),
  );
  const whole = url.endsWith(".gz") ? counted.pipeThrough(new DecompressionStream("gzip")) : counted;
  return new Uint8Array(await new Response(whole).arrayBuffer());
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.gz$/, "");
}
