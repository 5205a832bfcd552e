import { expect, test, vi } from "vitest";
import { NeuralDocFlowError } from "../src/errors.ts";
import type { Http } from "../src/http.ts";
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
