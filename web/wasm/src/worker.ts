/** The worker: one Python, one document after another. */
import { type Booted, boot } from "./boot.ts";
import type { About, Answer, Request } from "./protocol.ts";

const PAGE = 65_536;
const DOCUMENT = "/tmp/document";
const IMAGE = "/tmp/image";
/** Of the memory allowed: a WebAssembly memory never shrinks. */
const SPENT = 0.75;
/** Milliseconds between two words of progress. */
const PAUSE = 50;

const say = (answer: Answer) => postMessage(answer);
let memory: WebAssembly.Memory | null = null;
let mostBytes = Number.POSITIVE_INFINITY;
let started: Promise<Booted | null> = Promise.resolve(null);
let work: Promise<unknown> = Promise.resolve();

self.addEventListener("message", ({ data }: MessageEvent<Request>) => {
  if (data.type === "init") {
    started = init(data).catch(error => lost(null, error));
    return;
  }
  work = work.then(async () => {
    const booted = await started;
    if (!booted) return;
    try {
      const found =
        data.type === "profile"
          ? booted.extractor.load(data.form)
          : await withFile(booted, data.file, () =>
              data.type === "page" ? drawn(booted, data.page) : processed(booted, data.id, data.about),
            );
      say({ type: "done", id: data.id, found, spent: isSpent() });
    } catch (error) {
      lost(data.id, error);
    }
  });
});

async function init({
  base,
  manifest,
  maxMemoryMb,
  maxSeconds,
}: Request & { type: "init" }): Promise<Booted> {
  limitMemory(maxMemoryMb);
  const booted = await boot(base, manifest, maxSeconds, progress =>
    say({ type: "progress", id: null, progress }),
  );
  say({ type: "ready", milliseconds: booted.milliseconds });
  return booted;
}

/** Pyodide asks for a memory that may grow to 4 GB: a document that takes so much takes the tab with it. */
function limitMemory(megabytes: number): void {
  const most = megabytes * (1_048_576 / PAGE);
  mostBytes = most * PAGE;
  const Given = WebAssembly.Memory;
  WebAssembly.Memory = class extends Given {
    constructor(about: WebAssembly.MemoryDescriptor) {
      super({ ...about, maximum: Math.min(about.maximum ?? most, Math.max(most, about.initial)) });
      memory = this;
    }
  };
}

function isSpent(): boolean {
  return (memory?.buffer.byteLength ?? 0) > SPENT * mostBytes;
}

async function withFile<Found>({ python }: Booted, file: Blob, work: () => Found): Promise<Found> {
  const data = new Uint8Array(await file.arrayBuffer());
  python.FS.writeFile(DOCUMENT, data, { canOwn: true });
  try {
    return work();
  } finally {
    python.FS.unlink(DOCUMENT);
  }
}

function drawn({ python, extractor }: Booted, page: number): string | Blob {
  const problem = extractor.draw(DOCUMENT, page, IMAGE);
  return problem || new Blob([python.FS.readFile(IMAGE)], { type: "image/png" });
}

function processed({ extractor }: Booted, id: number, about: About): string {
  let last = 0;
  let furthest = 0;
  const tell = (stage: string, done: number, total: number) => {
    const now = performance.now();
    if (now - last < PAUSE) return;
    last = now;
    furthest = Math.max(furthest, shareOf(stage, done, total));
    say({ type: "progress", id, progress: { stage, done, total, progress: furthest } });
  };
  return extractor.process(DOCUMENT, JSON.stringify(about), tell);
}

const BEGINS: Record<string, number> = {
  opening: 0,
  reading: 0.02,
  tables: 0.6,
  fields: 0.8,
  validating: 0.97,
};

/** How far a document is: most of the time goes into reading its pages. */
function shareOf(stage: string, done: number, total: number): number {
  const stages = Object.keys(BEGINS);
  const begin = BEGINS[stage] ?? 0;
  const end = BEGINS[stages[stages.indexOf(stage) + 1] ?? ""] ?? 1;
  return begin + (end - begin) * Math.min(1, done / Math.max(1, total));
}

/** After any exception that Python has not made a result of, the interpreter is not to be trusted. */
function lost(id: number | null, error: unknown): null {
  const { name = "", message = "" } = error as Error;
  const outOfMemory = /memory|allocat|OOM/i.test(`${name} ${message}`) && !/out of bounds/.test(message);
  // What Python says may quote the document; its last line's class does not.
  const told = name === "PythonError" ? (message.trim().split("\n").pop() ?? "").split(":")[0] : message;
  say({ type: "lost", id, outOfMemory, message: (told || name).slice(0, 200) });
  return null;
}
