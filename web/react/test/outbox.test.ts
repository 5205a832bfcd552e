import { NeuralDocFlowError } from "@neuraldocflow/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ofSubmission } from "../src/entries.ts";
import { MemoryShelf } from "../src/memory.ts";
import { Outbox, type Send } from "../src/outbox.ts";

const wishes = { profile: "auto", options: {} };
const letter = () => new Blob(["a letter"], { type: "text/html" });

/** A shelf that several pages have. */
class Shared extends MemoryShelf {
  readonly #pages: ((removed: string | null) => void)[] = [];

  override onChange(listener: (removed: string | null) => void = () => {}): () => void {
    this.#pages.push(listener);
    return () => {};
  }

  tell(removed: string | null): void {
    for (const page of this.#pages) page(removed);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const only = (outbox: Outbox) => outbox.getSnapshot().submissions[0];
const settled = () => vi.advanceTimersByTimeAsync(0);

test("what the service refuses for now is tried three times under one id, then shown as failed", async () => {
  const ids: string[] = [];
  const at: number[] = [];
  const outbox = new Outbox(new MemoryShelf(), async (_, { id }) => {
    ids.push(id);
    at.push(Date.now());
    throw new NeuralDocFlowError("internal", "Try later.", { status: 503, retryable: true });
  });
  await outbox.add(letter(), "letter.html", wishes);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(1);
  const waits = at.slice(1).map((each, index) => each - (at[index] ?? 0));
  expect(waits[0]).toBeGreaterThanOrEqual(1_000);
  expect(waits[1]).toBeGreaterThanOrEqual(2_000);
  expect(only(outbox)).toMatchObject({ state: "failed", tries: 3, error: { message: "Try later." } });
});

test("what will not be better is not tried again, until a person says so", async () => {
  let refuse = true;
  const send = vi.fn<Send>(async () => {
    if (refuse) throw new NeuralDocFlowError("too_large", "Too large.", { status: 413 });
    return "job-1";
  });
  const outbox = new Outbox(new MemoryShelf(), send);
  const { id } = await outbox.add(letter(), "letter.html", wishes);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(send).toHaveBeenCalledTimes(1);
  expect(only(outbox)?.state).toBe("failed");
  refuse = false;
  await outbox.retry(id);
  await settled();
  expect(only(outbox)).toMatchObject({ state: "sent", jobId: "job-1", error: null });
});

test("the time that the service asks for is waited, and is no try", async () => {
  const at: number[] = [];
  const outbox = new Outbox(new MemoryShelf(), async () => {
    at.push(Date.now());
    if (at.length < 5)
      throw new NeuralDocFlowError("rate_limited", "Slower.", { status: 429, retryAfterMs: 7_000 });
    return "job-1";
  });
  await outbox.add(letter(), "letter.html", wishes);
  await vi.advanceTimersByTimeAsync(60_000);
  for (let index = 1; index < 5; index += 1)
    expect((at[index] ?? 0) - (at[index - 1] ?? 0)).toBeGreaterThanOrEqual(7_000);
  expect(only(outbox)).toMatchObject({ state: "sent", tries: 0 });
});

test("one whose wait is over at once is tried again, but not without a pause", async () => {
  const at: number[] = [];
  const outbox = new Outbox(new MemoryShelf(), async () => {
    at.push(Date.now());
    if (at.length < 3)
      throw new NeuralDocFlowError("rate_limited", "Slower.", { status: 429, retryAfterMs: 0 });
    return "job-1";
  });
  await outbox.add(letter(), "letter.html", wishes);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(only(outbox)).toMatchObject({ state: "sent", tries: 0 });
  for (const index of [1, 2]) expect((at[index] ?? 0) - (at[index - 1] ?? 0)).toBeGreaterThanOrEqual(500);
});

test("one whose time comes while another is being sent is tried when that is done", async () => {
  let refused = false;
  const outbox = new Outbox(new MemoryShelf(), async (_, { filename }) => {
    if (filename === "refused" && !refused) {
      refused = true;
      throw new NeuralDocFlowError("rate_limited", "Slower.", { status: 429, retryAfterMs: 1_000 });
    }
    if (filename === "long") await new Promise(done => setTimeout(done, 30_000));
    return `job of ${filename}`;
  });
  outbox.stop();
  for (const name of ["refused", "long"]) await outbox.add(letter(), name, wishes);
  outbox.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(outbox.getSnapshot().submissions.map(each => each.state)).toEqual(["sent", "sent"]);
});

test("without a connection documents wait, however often it is tried; then each is sent once, in order", async () => {
  let connected = false;
  const sent: string[] = [];
  const shelf = new MemoryShelf();
  const outbox = new Outbox(shelf, async (file, { filename }) => {
    if (!connected) throw new NeuralDocFlowError("unreachable", "No connection.");
    expect(await file.text()).toBe("a letter");
    sent.push(filename);
    return `job of ${filename}`;
  });
  const names = Array.from({ length: 8 }, (_, number) => `${number}.html`);
  for (const name of names) {
    await outbox.add(letter(), name, wishes);
    await vi.advanceTimersByTimeAsync(5);
  }
  for (let attempt = 0; attempt < 10; attempt += 1) await outbox.flush();
  expect(outbox.getSnapshot().hindrance?.code).toBe("unreachable");
  expect(outbox.getSnapshot().submissions.map(each => each.state)).toEqual(names.map(() => "waiting"));
  connected = true;
  await Promise.all([outbox.flush(), outbox.flush(), outbox.flush()]);
  await settled();
  expect(sent).toEqual(names);
  expect(outbox.getSnapshot().hindrance).toBeNull();
  for (const { id } of outbox.getSnapshot().submissions) expect(await shelf.file(id)).toBeNull();
});

test("a way that breaks for one request is tried again, though nobody says that it is there", async () => {
  let broken = 3;
  const at: number[] = [];
  const outbox = new Outbox(new MemoryShelf(), async () => {
    at.push(Date.now());
    if (broken-- > 0) throw new NeuralDocFlowError("unreachable", "Bad Gateway.", { status: 502 });
    return "job-1";
  });
  await outbox.add(letter(), "letter.html", wishes);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(at).toHaveLength(4);
  expect((at[3] ?? 0) - (at[2] ?? 0)).toBeGreaterThan((at[1] ?? 0) - (at[0] ?? 0)); // longer each time
  expect(only(outbox)).toMatchObject({ state: "sent", tries: 0 });
  expect(outbox.getSnapshot().hindrance).toBeNull();
});

test("a service that hangs refuses nothing: documents wait until it goes on", async () => {
  let hangs = true;
  const outbox = new Outbox(new MemoryShelf(), async () => {
    if (!hangs) return "job-1";
    await new Promise(done => setTimeout(done, 30_000));
    throw new NeuralDocFlowError("no_answer", "The service has not answered in time.");
  });
  await outbox.add(letter(), "letter.html", wishes);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(only(outbox)).toMatchObject({ state: "waiting", tries: 0 });
  expect(outbox.getSnapshot().hindrance?.code).toBe("no_answer");
  hangs = false;
  await vi.advanceTimersByTimeAsync(120_000);
  expect(only(outbox)).toMatchObject({ state: "sent", jobId: "job-1" });
});

test("one whose connection breaks while another's holds is tried again too", async () => {
  let isFirst = true;
  const outbox = new Outbox(new MemoryShelf(), async (_, { filename }) => {
    if (filename === "breaks" && isFirst) {
      isFirst = false;
      throw new NeuralDocFlowError("unreachable", "It broke.");
    }
    await new Promise(done => setTimeout(done, 100)); // longer than the other takes to break
    return filename;
  });
  outbox.stop();
  for (const name of ["breaks", "holds"]) await outbox.add(letter(), name, wishes);
  outbox.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(outbox.getSnapshot().submissions.map(each => each.state)).toEqual(["sent", "sent"]);
});

test("what another page has kept is sent by this one too: that one may be closed", async () => {
  const shelf = new Shared();
  const outbox = new Outbox(shelf, async (_, { filename }) => `job of ${filename}`);
  const other = new Outbox(
    shelf,
    async () => "",
    async () => {},
  ); // never gets to it
  await other.add(letter(), "of-another.html", wishes);
  shelf.tell(null);
  await settled();
  expect(only(outbox)).toMatchObject({ state: "sent", jobId: "job of of-another.html" });
});

test("a document that breaks every connection does not hold up the others", async () => {
  const sent: string[] = [];
  const outbox = new Outbox(new MemoryShelf(), async (_, { filename }) => {
    if (filename.startsWith("breaks")) throw new NeuralDocFlowError("unreachable", "It broke.");
    sent.push(filename);
    return filename;
  });
  for (const name of ["breaks-1", "breaks-2", "breaks-3", "a", "b"]) {
    await outbox.add(letter(), name, wishes);
    await vi.advanceTimersByTimeAsync(5);
  }
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual(["a", "b"]);
});

test("what the key may not do is no matter of the key: the document fails with what the service said", async () => {
  const send = vi.fn<Send>(async () => {
    throw new NeuralDocFlowError("forbidden", "This key may not submit.", { status: 403 });
  });
  const outbox = new Outbox(new MemoryShelf(), send);
  await outbox.add(letter(), "letter.html", wishes);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(send).toHaveBeenCalledTimes(1);
  expect(outbox.getSnapshot().hindrance).toBeNull();
  expect(only(outbox)).toMatchObject({ state: "failed", error: { message: "This key may not submit." } });
});

test("one that is taken to be read is not sent meanwhile; its result is sent in its place", async () => {
  let connected = false;
  const send = vi.fn<Send>(async () => {
    if (!connected) throw new NeuralDocFlowError("unreachable", "No connection.");
    return "job of the document";
  });
  const results: unknown[] = [];
  const outbox = new Outbox(new MemoryShelf(), send, undefined, async result => {
    if (!connected) throw new NeuralDocFlowError("unreachable", "No connection.");
    results.push(result);
    return "job of the result";
  });
  const { id } = await outbox.add(letter(), "letter.html", wishes);
  await settled();
  expect(await (await outbox.take(id))?.text()).toBe("a letter");
  connected = true;
  send.mockClear();
  await outbox.flush();
  expect(send).not.toHaveBeenCalled();
  const made = { jobId: id, status: "completed", extractedData: { pages: 1 } } as never;
  await outbox.release(id, made);
  await settled();
  expect(results).toEqual([made]);
  expect(send).not.toHaveBeenCalled();
  expect(only(outbox)).toMatchObject({ state: "sent", jobId: "job of the result" });
});

test("one that another page removes while it is being sent here is stopped, and gone", async () => {
  const shelf = new Shared();
  let stopped = false;
  const outbox = new Outbox(shelf, (_file, _submission, _onUpload, signal) => {
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        stopped = true;
        reject(signal.reason);
      });
    });
  });
  const { id } = await outbox.add(letter(), "letter.html", wishes);
  await settled();
  await shelf.remove(id);
  shelf.tell(id);
  await settled();
  expect([stopped, outbox.getSnapshot().submissions]).toEqual([true, []]);
});

test("one that is removed while it is being sent is stopped, and gone", async () => {
  let stopped = false;
  const outbox = new Outbox(
    new MemoryShelf(),
    (_file, _submission, _onUpload, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          stopped = true;
          reject(signal.reason);
        }),
      ),
  );
  const { id } = await outbox.add(letter(), "letter.html", wishes);
  await settled();
  await outbox.remove(id);
  await settled();
  expect(stopped).toBe(true);
  expect(outbox.getSnapshot().submissions).toEqual([]);
});

test("of those that wait for their turn, one that is removed is gone and one that is taken is not sent", async () => {
  const ends: (() => void)[] = [];
  const sent: string[] = [];
  const outbox = new Outbox(new MemoryShelf(), async (_, { filename }) => {
    sent.push(filename);
    await new Promise<void>(resolve => ends.push(resolve));
    return `job of ${filename}`;
  });
  outbox.stop();
  const ids = [];
  for (const name of ["a", "b", "c", "removed", "taken", "d"]) {
    ids.push((await outbox.add(letter(), name, wishes)).id);
    await vi.advanceTimersByTimeAsync(5);
  }
  outbox.start();
  await settled();
  expect(sent).toEqual(["a", "b", "c"]);
  await outbox.remove(ids[3] ?? "");
  expect(await outbox.take(ids[4] ?? "")).not.toBeNull();
  for (let end = ends.shift(); end; end = ends.shift()) {
    end();
    await settled();
  }
  await outbox.flush();
  expect(sent).toEqual(["a", "b", "c", "d"]);
  expect(outbox.getSnapshot().submissions).toMatchObject([
    { filename: "a", state: "sent" },
    { filename: "b", state: "sent" },
    { filename: "c", state: "sent" },
    { filename: "taken", state: "waiting" },
    { filename: "d", state: "sent" },
  ]);
});

test("one that takes for ever does not hold up those that are added after it", async () => {
  const begun: string[] = [];
  const outbox = new Outbox(new MemoryShelf(), async (_, { filename }) => {
    begun.push(filename);
    if (filename.startsWith("stalled")) await new Promise(() => {});
    return `job of ${filename}`;
  });
  for (const name of ["stalled-1", "a", "stalled-2", "b", "c"]) {
    await outbox.add(letter(), name, wishes);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(begun).toEqual(["stalled-1", "a", "stalled-2", "b", "c"]);
  const states = outbox.getSnapshot().submissions.map(each => each.state);
  expect(states).toEqual(["waiting", "sent", "waiting", "sent", "sent"]);
});

test("one that is refused for now is tried again while another is still being sent", async () => {
  let tries = 0;
  let breaks = 2;
  const outbox = new Outbox(new MemoryShelf(), async (_, { filename }) => {
    if (filename === "stalled") await new Promise(() => {});
    if (filename === "refused" && ++tries < 3)
      throw new NeuralDocFlowError("rate_limited", "Slower.", { status: 429, retryAfterMs: 5_000 });
    if (filename === "breaks" && breaks-- > 0) throw new NeuralDocFlowError("unreachable", "It broke.");
    return `job of ${filename}`;
  });
  for (const name of ["stalled", "refused", "breaks"]) {
    await outbox.add(letter(), name, wishes);
    await vi.advanceTimersByTimeAsync(5);
  }
  await vi.advanceTimersByTimeAsync(30_000);
  expect(outbox.getSnapshot().submissions.map(each => each.state)).toEqual(["waiting", "sent", "sent"]);
});

test("never more than three are sent at once, and each once", async () => {
  let now = 0;
  let most = 0;
  const begun: string[] = [];
  const outbox = new Outbox(new MemoryShelf(), async (_, { filename }) => {
    begun.push(filename);
    most = Math.max(most, ++now);
    await new Promise(done => setTimeout(done, 100));
    now -= 1;
    return `job of ${filename}`;
  });
  const names = Array.from({ length: 10 }, (_, number) => `${number}`);
  for (const name of names) {
    await outbox.add(letter(), name, wishes);
    void outbox.flush();
    await vi.advanceTimersByTimeAsync(10);
  }
  await vi.advanceTimersByTimeAsync(5_000);
  expect([begun, most]).toEqual([names, 3]);
});

test("a shelf in memory does not bring back what was taken from it", async () => {
  const shelf = new MemoryShelf();
  const outbox = new Outbox(shelf, async () => "job-1");
  const submission = await outbox.add(letter(), "letter.html", wishes);
  await settled();
  await shelf.remove(submission.id);
  await shelf.put({ ...submission, state: "failed" });
  await shelf.putResult(submission, { jobId: submission.id } as never);
  expect([await shelf.all(), await shelf.result(submission.id)]).toEqual([[], null]);
});

test("what the browser takes back while it waits is shown as failed; what another page removes goes", async () => {
  const shelf = new Shared();
  const outbox = new Outbox(shelf, async () => {
    throw new NeuralDocFlowError("unreachable", "No connection.");
  });
  const [taken, removed, kept] = [
    await outbox.add(letter(), "taken.html", wishes),
    await outbox.add(letter(), "removed.html", wishes),
    await outbox.add(letter(), "kept.html", wishes),
  ];
  await shelf.remove(taken.id);
  await shelf.remove(removed.id);
  shelf.tell(removed.id);
  await outbox.flush();
  expect(outbox.getSnapshot().submissions).toMatchObject([
    { id: taken.id, state: "failed", error: { message: expect.stringContaining("no longer has") } },
    { id: kept.id, state: "waiting", error: null },
  ]);
  await outbox.remove(taken.id);
  expect(outbox.getSnapshot().submissions.map(each => each.id)).toEqual([kept.id]);
});

/** An outbox with one document that was read here, and is about to be sent. */
async function withOneRead(send: Send, refusal: NeuralDocFlowError) {
  const sendResult = vi.fn(async () => {
    throw refusal;
  });
  const outbox = new Outbox(new MemoryShelf(), send, undefined, sendResult);
  outbox.stop();
  const { id } = await outbox.add(letter(), "letter.html", wishes);
  await outbox.take(id);
  await outbox.release(id, { jobId: id, status: "completed" } as never);
  outbox.start();
  await vi.advanceTimersByTimeAsync(300_000);
  return { outbox, id, sendResult };
}

test("a document whose result the service does not want is sent itself, under the same id", async () => {
  const sent: string[] = [];
  const send: Send = async (file, { id }) => {
    sent.push(`${id} ${await file.text()}`);
    return "job-1";
  };
  const refusal = new NeuralDocFlowError("too_large", "The result is too large.", { status: 413 });
  const { outbox, id, sendResult } = await withOneRead(send, refusal);
  expect(sendResult).toHaveBeenCalledTimes(1);
  expect(sent).toEqual([`${id} a letter`]);
  expect(only(outbox)).toMatchObject({ state: "sent", jobId: "job-1", error: null, read: null });
});

test("a result that the service refuses for now is tried three times, then shown as not sent", async () => {
  const send = vi.fn<Send>();
  const refusal = new NeuralDocFlowError("internal", "Try later.", { status: 503, retryable: true });
  const { outbox, sendResult } = await withOneRead(send, refusal);
  expect(sendResult).toHaveBeenCalledTimes(3);
  expect(send).not.toHaveBeenCalled();
  const found = only(outbox);
  if (!found) throw new Error("There is none.");
  expect(found).toMatchObject({ state: "failed", read: { status: "completed" } });
  expect(ofSubmission(found, undefined, null)).toMatchObject({
    status: "failed",
    error: { message: "Try later." },
  });
});

test("a file that is gone when it is added is told of, and no document", async () => {
  const gone = letter();
  gone.slice = () => Object.assign(letter(), { arrayBuffer: () => Promise.reject(new DOMException("gone")) });
  const outbox = new Outbox(new MemoryShelf(), async () => "job-1");
  await expect(outbox.add(gone, "letter.html", wishes)).rejects.toThrow("is a folder, or was moved");
  expect(outbox.getSnapshot().submissions).toEqual([]);
});

test("one that is sent while this page looks at what another one has changed is not sent again", async () => {
  let looked = () => {};
  class Slow extends Shared {
    isSlow = false;
    override async all() {
      const seen = await super.all();
      if (this.isSlow)
        await new Promise<void>(resolve => {
          looked = resolve;
        });
      return seen;
    }
  }
  const shelf = new Slow();
  let arrived = () => {};
  const sent: string[] = [];
  const outbox = new Outbox(shelf, (_, { filename }) => {
    sent.push(filename);
    return new Promise(resolve => {
      if (filename === "letter.html") arrived = () => resolve("job-1");
    });
  });
  await outbox.add(letter(), "letter.html", wishes);
  await outbox.add(letter(), "stalls.html", wishes);
  await settled();
  shelf.isSlow = true;
  shelf.tell(null);
  await settled();
  arrived();
  await settled();
  looked();
  await settled();
  expect(sent).toEqual(["letter.html", "stalls.html"]);
  expect(only(outbox)).toMatchObject({ state: "sent", jobId: "job-1", error: null });
});

test("a document that the service has is sent, also where its bytes can't be removed here", async () => {
  class Stiff extends MemoryShelf {
    override async dropFileIfSent(): Promise<void> {
      throw new DOMException("no room", "QuotaExceededError");
    }
  }
  const send = vi.fn<Send>(async () => "job-1");
  const outbox = new Outbox(new Stiff(), send);
  await outbox.add(letter(), "letter.html", wishes);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(only(outbox)).toMatchObject({ state: "sent", jobId: "job-1", error: null });
  expect(send).toHaveBeenCalledTimes(1);
});

test("a file that was changed while it waited says so instead of waiting on", async () => {
  const outbox = new Outbox(new MemoryShelf(), async () => "job-1");
  const file = letter();
  outbox.stop();
  await outbox.add(file, "letter.html", wishes);
  vi.spyOn(file, "slice").mockImplementation(() => {
    throw new DOMException("The file was changed.", "NotReadableError");
  });
  outbox.start();
  await settled();
  expect(only(outbox)).toMatchObject({ state: "failed", error: { code: "invalid_request" } });
});

test("an outbox that is stopped hears nothing of its shelf, and does so again when it is started", async () => {
  const left = vi.fn();
  const follow = vi.spyOn(Shared.prototype, "onChange").mockReturnValue(left);
  const outbox = new Outbox(new Shared(), async () => "job-1");
  outbox.start();
  expect(follow).toHaveBeenCalledTimes(1);
  outbox.stop();
  expect(left).toHaveBeenCalledTimes(1);
  outbox.start();
  expect(follow).toHaveBeenCalledTimes(2);
  follow.mockRestore();
});

test("it says whether what waits is there when the page is opened again", async () => {
  const lasting = new Outbox(new Shared(), async () => "job-1");
  const kept = vi.spyOn(MemoryShelf.prototype, "lasts").mockResolvedValue(true);
  await settled();
  expect(lasting.getSnapshot().lasts).toBe(false);
  const other = new Outbox(new MemoryShelf(), async () => "job-1");
  await settled();
  expect(other.getSnapshot().lasts).toBe(true);
  kept.mockRestore();
});
