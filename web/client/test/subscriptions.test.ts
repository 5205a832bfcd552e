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

/** An event of a channel. */
function received(number: number) {
  const data = { jobId: `job ${number}`, type: "DocumentReceived" };
  const payload = { channel: "notifications", event: "notification", offset: `offset ${number}`, data };
  return { id: `event ${number}`, type: "event", payload };
}

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
  const channel = listener();
  await subscriptions.followChannel("notifications", {}, channel.tell, channel.fail, ignored);
  refuses = true;
  service.sockets[0]?.close(1006);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(connection.isOpen).toBe(true);
  const asked = service.asks("subscribe_channel").length;
  expect(asked).toBeGreaterThan(4);
  expect(asked).toBeLessThan(16);
  refuses = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(service.asks("subscribe_channel")).toHaveLength(asked + 1);
  expect(service.asks("subscribe_channel").at(-1)).toMatchObject({ from_offset: "begin" });
  service.sockets[1]?.tell(received(1));
  expect(channel.told).toHaveLength(1);
  expect(channel.failures).toEqual([]);
  connection.end();
});

test("a job whose subscription is refused for now is followed later", async () => {
  let refusals = 3;
  const { subscriptions, service, connection } = await connected(action =>
    action === "subscribe" && refusals-- > 0 ? new Refusal("rate_limited", true) : undefined,
  );
  const job = listener();
  subscriptions.follow("job", job);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([service.asks("subscribe").length, job.failures]).toEqual([4, []]);
  connection.end();
});

test("very many jobs whose subscriptions are refused for now make Node warn of nothing", async () => {
  const warned = vi.spyOn(process, "emitWarning");
  let refuses = true;
  const { subscriptions, service, connection } = await connected(action =>
    action === "subscribe" && refuses ? new Refusal("rate_limited", true) : undefined,
  );
  for (let number = 0; number < 30; number++) subscriptions.follow(`job-${number}`, listener());
  await vi.advanceTimersByTimeAsync(1);
  refuses = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(service.asks("subscribe")).toHaveLength(60);
  expect(warned).not.toHaveBeenCalled();
  connection.end();
});

test("all who listen to a channel hear it, until each leaves", async () => {
  const { service, subscriptions, connection } = await connected(() => undefined);
  const [one, other] = [listener(), listener()];
  await subscriptions.followChannel("notifications", {}, one.tell, one.fail, ignored);
  await subscriptions.followChannel("notifications", {}, other.tell, other.fail, ignored);
  service.sockets[0]?.tell(received(1));
  subscriptions.leaveChannel("notifications", one.tell);
  service.sockets[0]?.tell(received(2));
  expect([one.told.length, other.told.length]).toEqual([1, 2]);
  expect(service.asks("unsubscribe_channel")).toHaveLength(0);
  subscriptions.leaveChannel("notifications", other.tell);
  expect(service.asks("unsubscribe_channel")).toHaveLength(1);
  expect(service.asks("subscribe_channel")).toHaveLength(1);
  connection.end();
});

test("a channel that is heard with one filter is not heard with another: the first would hear less", async () => {
  const { subscriptions, connection } = await connected(() => undefined);
  const filter = { status: "failed" };
  await subscriptions.followChannel("results", {}, ignored, ignored, ignored);
  const again = subscriptions.followChannel("results", filter, ignored, ignored, ignored);
  await expect(again).rejects.toThrow("unsubscribe from it first");
  connection.end();
});

test("a channel goes on after its last event; jobs, whose past would come between, go over another line", async () => {
  const { service, subscriptions, connection } = await connected(() => undefined);
  const channel = listener();
  await subscriptions.followChannel("notifications", {}, channel.tell, channel.fail, ignored);
  expect(subscriptions.follow("job", listener())).toBe(false);
  for (let number = 0; number < 3_000; number += 1) service.sockets[0]?.tell(received(number));
  service.sockets[0]?.close(1006);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(service.asks("subscribe_channel").at(-1)).toMatchObject({ from_offset: "offset 2999" });
  connection.end();
  subscriptions.leaveChannel("notifications");
  expect(subscriptions.follow("job", listener())).toBe(true);
  expect(subscriptions.mayFollowChannels).toBe(false);
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
