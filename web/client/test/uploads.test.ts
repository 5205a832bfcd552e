import { expect, test, vi } from "vitest";
import { NeuralDocFlowError } from "../src/errors.ts";
import type { Http, HttpOptions } from "../src/http.ts";
import { fromBase64, upload } from "../src/uploads.ts";

const quick = { firstMs: 1, mostMs: 1 };
const large = new Blob([new Uint8Array(5 * 2 ** 20)], { type: "application/pdf" });

test("a large document that can't even be begun to send fails at once, as a small one does", async () => {
  const send = vi.fn(async () => {
    throw new NeuralDocFlowError("unreachable", "No connection.", { retryable: true });
  });
  const sent = upload(
    { send } as unknown as Http,
    large,
    "large.pdf",
    {},
    { firstMs: 60_000, mostMs: 60_000 },
    new Map(),
  );
  await expect(sent).rejects.toMatchObject({ code: "unreachable" });
  expect(send).toHaveBeenCalledTimes(1);
});

test("a large document for which the service asks to wait until tomorrow fails with that", async () => {
  const send = vi.fn(async () => {
    const details = { status: 429, retryable: true, retryAfterMs: 8 * 3_600_000 };
    throw new NeuralDocFlowError("rate_limited", "Today's documents are used up.", details);
  });
  const sent = upload(
    { send } as unknown as Http,
    large,
    "large.pdf",
    {},
    { firstMs: 10, mostMs: 10 },
    new Map(),
  );
  await expect(sent).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: 8 * 3_600_000 });
  expect(send).toHaveBeenCalledTimes(1);
});

/** A service that takes uploads, but for its answers to pieces. */
function taking(piece: (signal?: AbortSignal) => Promise<never>, busy = 0) {
  const asked: string[] = [];
  const send = vi.fn(async (path: string, { method = "", signal }: HttpOptions = {}) => {
    asked.push(`${method} ${path}`);
    if (method === "PATCH") return piece(signal);
    if (method === "DELETE" && busy-- > 0)
      throw new NeuralDocFlowError("invalid_request", "Another request writes to it.", { status: 423 });
    return { status: 201, headers: new Headers({ Location: "/uploads/1" }), body: new Blob() };
  });
  return { asked, http: { send } as unknown as Http };
}

test("a large document that is not sent to its end is given up: what came of it does not stay", async () => {
  const { asked, http } = taking(async () => {
    throw new NeuralDocFlowError("corrupt", "It can't be read.", { status: 422 });
  });
  await expect(upload(http, large, "large.pdf", {}, quick, new Map())).rejects.toThrow("read");
  expect(asked).toEqual(["POST /api/v1/uploads", "PATCH /uploads/1", "DELETE /uploads/1"]);
});

test("one that is stopped is given up as soon as its last piece is not written any more", async () => {
  vi.useFakeTimers();
  const stop = new AbortController();
  const { asked, http } = taking(
    signal => new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
    2,
  );
  const options = { signal: stop.signal };
  const sent = expect(upload(http, large, "large.pdf", options, quick, new Map())).rejects.toThrow("Enough.");
  await vi.advanceTimersByTimeAsync(10);
  stop.abort(new Error("Enough."));
  await sent;
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
  expect(asked.filter(each => each.startsWith("DELETE"))).toHaveLength(3);
});

test("one that a service which hangs is asked to begin is not begun again and again", async () => {
  const send = vi.fn(async () => {
    throw new NeuralDocFlowError("no_answer", "Not in time.");
  });
  const sent = upload({ send } as unknown as Http, large, "large.pdf", {}, quick, new Map());
  await expect(sent).rejects.toMatchObject({ code: "no_answer" });
  expect(send).toHaveBeenCalledTimes(1);
});

/** A service with a line that breaks, whose one upload has come so far. */
function breaking() {
  const asked: string[] = [];
  const state = { isThere: true, offset: 0, has: true };
  const send = vi.fn(async (path: string, { method = "", body }: HttpOptions = {}) => {
    asked.push(`${method} ${path}`);
    if (!state.isThere) throw new NeuralDocFlowError("unreachable", "No connection.");
    const headers = new Headers({ Location: "/uploads/1" });
    if (method !== "POST" && !state.has)
      throw new NeuralDocFlowError("invalid_request", "It is gone.", { status: 404 });
    if (method === "POST") Object.assign(state, { has: true, offset: 0 });
    if (method === "PATCH") {
      state.offset += (body as Blob).size;
      if (state.offset === large.size) headers.set("NeuralDocFlow-Job", "job-1");
      else state.isThere = false;
    }
    headers.set("Upload-Offset", String(state.offset));
    return { status: 200, headers, body: new Blob() };
  });
  return { asked, state, http: { send } as unknown as Http };
}

test("one with a key goes on where it was, however long the line was away", async () => {
  vi.useFakeTimers();
  const { asked, state, http } = breaking();
  const left = new Map<string, string>();
  const again = () => upload(http, large, "large.pdf", { idempotencyKey: "a" }, quick, left);
  const first = expect(again()).rejects.toMatchObject({ code: "unreachable" });
  await vi.advanceTimersByTimeAsync(120_000);
  await first;
  expect([...left]).toEqual([["a", "/uploads/1"]]);
  expect(asked.filter(each => each.startsWith("DELETE"))).toEqual([]);

  await expect(again()).rejects.toMatchObject({ code: "unreachable" }); // at once: its sender waits
  expect(left.size).toBe(1);

  state.isThere = true;
  asked.length = 0;
  expect(await again()).toBe("job-1");
  expect(asked).toEqual(["HEAD /uploads/1", "PATCH /uploads/1"]);
  expect(left.size).toBe(0);
  vi.useRealTimers();
});

test("one that the service has not kept meanwhile begins anew", async () => {
  const { asked, state, http } = breaking();
  const left = new Map([["a", "/uploads/1"]]);
  state.has = false;
  await expect(
    upload(http, large, "large.pdf", { idempotencyKey: "a" }, quick, left).catch(() => asked.slice(0, 3)),
  ).resolves.toEqual(["HEAD /uploads/1", "POST /api/v1/uploads", "PATCH /uploads/1"]);
}, 60_000);

test("base64 may come in lines and as a data address; what is none is told as such", () => {
  const text = (content: string) => new TextDecoder().decode(fromBase64(content));
  expect(["YSBsZXR0ZXI=", "YSBsZXR0\r\nZXI=\n", "DATA:text/html;base64,YSBsZXR0ZXI="].map(text)).toEqual(
    Array(3).fill("a letter"),
  );
  expect(() => fromBase64("no base64!")).toThrow(NeuralDocFlowError);
});

test("a document that a service worker has queued has no job yet, and says so", async () => {
  const json = async () => ({ status: "queued", id: "a" });
  const sent = upload({ json } as unknown as Http, new Blob(["a"]), "a.html", {}, quick, new Map());
  await expect(sent).rejects.toMatchObject({ code: "unreachable", retryable: false });
});
