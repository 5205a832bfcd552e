import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection } from "../src/connection.ts";
import type { NeuralDocFlowError } from "../src/errors.ts";
import { Subscriptions } from "../src/subscriptions.ts";
import { Refusal, Service } from "./service.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const began = { subscribe: { recovered: true, state: { status: "queued" }, offset: "begin" } };
const answers = { ...began, subscribe_channel: { recovered: true, offset: "begin" } };

/** Subscriptions over a connection that stands, to a service that lets follow what it does not refuse. */
async function connected(refuse: (action: string) => Refusal | undefined) {
  const service = new Service();
  service.answer = action => refuse(action) ?? answers[action as keyof typeof answers];
  const subscriptions: Subscriptions = new Subscriptions(
    () => connection,
    async () => ({ jobId: "job", status: "completed" }),
  );
  const connection: Connection = new Connection("a key", service.ways(), () => subscriptions.restore());
  connection.events.add(event => subscriptions.take(event));
  await connection.start();
  return { service, subscriptions, connection };
}

function ignored(): void {}

/** Somebody who keeps what is told. */
function listener() {
  const told: unknown[] = [];
  const failures: NeuralDocFlowError[] = [];
  return {
    ...{ told, failures },
    tell: (event: object) => told.push(event),
    fail: (error: NeuralDocFlowError) => failures.push(error),
  };
}

test("what is refused for now when a connection is back is asked for again, less and less often", async () => {
  let refuses = false;
  const { service, subscriptions, connection } = await connected(action =>
    refuses && action.startsWith("subscribe") ? new Refusal("rate_limited", true) : undefined,
  );
  const job = listener();
  const channel = listener();
  subscriptions.follow("job", job);
  await subscriptions.followChannel("notifications", {}, channel.tell, channel.fail, ignored);
  refuses = true;
  service.sockets[0]?.close(1006);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(connection.isOpen).toBe(true);
  const asked = service.asks("subscribe").length;
  expect(asked).toBeGreaterThan(4);
  expect(asked).toBeLessThan(16);
  refuses = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(service.asks("subscribe")).toHaveLength(asked + 1);
  expect(service.asks("subscribe_channel").at(-1)).toMatchObject({ from_offset: "begin" });
  const data = { jobId: "other", type: "DocumentReceived" };
  const payload = { channel: "notifications", event: "notification", offset: "1", data };
  service.sockets[1]?.tell({ id: "event", type: "event", payload });
  expect(channel.told).toHaveLength(1);
  expect([...job.failures, ...channel.failures]).toEqual([]);
  connection.end();
});

test("what is refused for good is told once, and not asked for again", async () => {
  const { service, subscriptions, connection } = await connected(action =>
    action === "subscribe" ? new Refusal("invalid_request", false) : undefined,
  );
  const job = listener();
  subscriptions.follow("job", job);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(service.asks("subscribe")).toHaveLength(1);
  expect(job.failures.map(({ code }) => code)).toEqual(["invalid_request"]);
  connection.end();
});

test("nothing that was left, or taken up by the next connection, is asked for again", async () => {
  const { service, subscriptions, connection } = await connected(action =>
    action === "subscribe" ? new Refusal("rate_limited", true) : undefined,
  );
  const [left, stays] = [listener(), listener()];
  subscriptions.follow("left", left);
  subscriptions.follow("stays", stays);
  await vi.advanceTimersByTimeAsync(0);
  subscriptions.leave("left", left);
  service.answer = action => answers[action as keyof typeof answers];
  service.sockets[0]?.close(1006);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(service.asks("subscribe").map(each => each.job_id)).toEqual(["left", "stays", "stays"]);
  connection.end();
});
