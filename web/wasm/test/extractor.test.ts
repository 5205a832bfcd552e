import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NeuralDocFlowWorker } from "../src/extractor.ts";

const manifest = { version: "1", worker: "worker.js", files: {}, archives: [], libraries: [] };
const started = new Set<FakeWorker>();

/** A worker that does what the test says. */
class FakeWorker extends EventTarget {
  readonly asked: { type: string; id?: number }[] = [];

  constructor() {
    super();
    started.add(this);
  }

  postMessage(message: { type: string; id?: number }): void {
    this.asked.push(message);
  }

  terminate(): void {
    started.delete(this);
  }

  says(data: object): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  breaks(): void {
    this.dispatchEvent(Object.assign(new Event("error", { cancelable: true }), { message: "Blocked." }));
  }
}

const letter = () => new Blob(["<p>A letter"], { type: "text/html" });
const settled = () => vi.advanceTimersByTimeAsync(0);
let fetched = async () => Response.json(manifest);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("location", { href: "http://service/" });
  vi.stubGlobal("fetch", () => fetched());
  started.clear();
  fetched = async () => Response.json(manifest);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** An extractor whose worker is there, and that worker. */
async function ready() {
  const extractor = new NeuralDocFlowWorker();
  const init = extractor.init();
  await vi.waitFor(() => expect(started.size).toBe(1));
  const [worker] = started as unknown as [FakeWorker];
  worker.says({ type: "ready", milliseconds: {} });
  await init;
  return { extractor, worker };
}

test("who waits for a start is told when it is ended, and no worker stays", async () => {
  const extractor = new NeuralDocFlowWorker();
  const init = expect(extractor.init()).rejects.toMatchObject({ name: "AbortError" });
  await vi.waitFor(() => expect(started.size).toBe(1));
  extractor.close();
  await init;
  expect(started.size).toBe(0);
});

test("one that is ended before its worker was there starts none; the next start has one alone", async () => {
  fetched = async () => {
    await new Promise(done => setTimeout(done, 50));
    return Response.json(manifest);
  };
  const extractor = new NeuralDocFlowWorker();
  const init = expect(extractor.init()).rejects.toMatchObject({ name: "AbortError" });
  extractor.close();
  await vi.advanceTimersByTimeAsync(20);
  const again = extractor.init();
  await vi.advanceTimersByTimeAsync(100);
  await init;
  expect(started.size).toBe(1);
  for (const worker of started) worker.says({ type: "ready", milliseconds: {} });
  await again;
  extractor.close();
  expect(started.size).toBe(0);
});

test("where the worker can't be started there is no result, but an error that says why", async () => {
  const extractor = new NeuralDocFlowWorker();
  const document = expect(extractor.processDocument(letter())).rejects.toThrow("can't be started (Blocked.)");
  const page = expect(extractor.drawPage(letter(), 1)).rejects.toThrow("can't be started (Blocked.)");
  for (let number = 0; number < 2; number += 1) {
    await vi.waitFor(() => expect(started.size).toBe(1));
    for (const worker of started) worker.breaks();
    await settled();
  }
  await Promise.all([document, page]);
});

test("a document that crashes a worker that is there has a failed result", async () => {
  const { extractor, worker } = await ready();
  const result = extractor.processDocument(letter());
  await vi.waitFor(() => expect(worker.asked.at(-1)?.type).toBe("process"));
  worker.breaks();
  expect(await result).toMatchObject({ status: "failed", error: { code: "agent_crashed" } });
});

test("on a page that is not served securely, which has fewer means, a document is read too", async () => {
  const { extractor, worker } = await ready();
  vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array) => bytes.fill(7) });
  const result = extractor.processDocument(letter());
  await vi.waitFor(() => expect(worker.asked.at(-1)?.type).toBe("process"));
  const { about } = worker.asked.at(-1) as unknown as { about: { jobId: string } };
  worker.says({ type: "done", id: 1, found: JSON.stringify({ jobId: about.jobId, status: "completed" }) });
  expect(await result).toEqual({ jobId: "07".repeat(16), status: "completed" });
});

test("a document that was given up by close takes no time from a later one", async () => {
  const extractor = new NeuralDocFlowWorker("/wasm/", { maxSeconds: 60 });
  const starting = async () => {
    await vi.waitFor(() => expect(started.size).toBe(1));
    const [worker] = started as unknown as [FakeWorker];
    worker.says({ type: "ready", milliseconds: {} });
    await settled();
    return worker;
  };
  const first = expect(extractor.processDocument(letter())).rejects.toThrow("cancelled");
  await starting();
  extractor.close();
  await first;
  await vi.advanceTimersByTimeAsync(60_000);
  const second = extractor.processDocument(letter());
  const worker = await starting();
  await vi.advanceTimersByTimeAsync(30_000); // the first one's time is over
  const { id } = worker.asked.find(each => each.type === "process") ?? {};
  worker.says({ type: "done", id, found: '{"status": "completed"}' });
  expect(await second).toEqual({ status: "completed" });
});
