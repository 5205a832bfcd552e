import { expect, test, vi } from "vitest";
import { NeuralDocFlowError } from "../src/errors.ts";
import type { Http, HttpOptions } from "../src/http.ts";
import { upload } from "../src/uploads.ts";

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
  );
  await expect(sent).rejects.toMatchObject({ code: "unreachable" });
  expect(send).toHaveBeenCalledTimes(1);
});

test("a large document for which the service asks to wait until tomorrow fails with that", async () => {
  const send = vi.fn(async () => {
    const details = { status: 429, retryable: true, retryAfterMs: 8 * 3_600_000 };
    throw new NeuralDocFlowError("rate_limited", "Today's documents are used up.", details);
  });
  const sent = upload({ send } as unknown as Http, large, "large.pdf", {}, { firstMs: 10, mostMs: 10 });
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
  await expect(upload(http, large, "large.pdf", {}, { firstMs: 1, mostMs: 1 })).rejects.toThrow("read");
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
  const sent = expect(upload(http, large, "large.pdf", options, { firstMs: 1, mostMs: 1 })).rejects.toThrow(
    "Enough.",
  );
  await vi.advanceTimersByTimeAsync(10);
  stop.abort(new Error("Enough."));
  await sent;
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
  expect(asked.filter(each => each.startsWith("DELETE"))).toHaveLength(3);
});
