import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection } from "../src/connection.ts";
import { Streams } from "../src/streams.ts";
import { Refusal, Service } from "./service.ts";

const letter = {
  source: "base64",
  content: "PHA+QSBsZXR0ZXI=",
  filename: "letter.html",
  contentType: "",
} as const;
const backoff = { firstMs: 100, mostMs: 100 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a stream that is refused for now when a connection is back is begun again with the next document", async () => {
  const service = new Service();
  let refusals = 2;
  service.answer = (action, _, connection) => {
    if (action === "stream_document") return { job_id: "job-1" };
    if (action !== "start_stream") return undefined;
    return connection > 1 && refusals-- > 0
      ? new Refusal("rate_limited", true)
      : { stream_id: `${connection}` };
  };
  const streams: Streams = new Streams(() => connection);
  const connection = new Connection("a key", service.ways(), async () => streams.restore());
  await connection.start();
  const id = await streams.start({ profile: "auto" });
  service.sockets[0]?.close(1006);
  await vi.advanceTimersByTimeAsync(1_000);
  const job = streams.send(id, letter, backoff).catch(error => error);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await job).toBe("job-1");
  expect(service.asks("stream_document")).toMatchObject([{ stream_id: "2" }]);
  connection.end();
});
