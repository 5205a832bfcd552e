import { expect, test, vi } from "vitest";
import { NeuralDocFlowError } from "../src/errors.ts";
import type { Http } from "../src/http.ts";
import { upload } from "../src/uploads.ts";

test("a large document that can't even be begun to send fails at once, as a small one does", async () => {
  const send = vi.fn(async () => {
    throw new NeuralDocFlowError("unreachable", "No connection.", { retryable: true });
  });
  const large = new Blob([new Uint8Array(5 * 2 ** 20)], { type: "application/pdf" });
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
