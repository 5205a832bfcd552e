import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection } from "../src/connection.ts";
import type { ConnectionStatus } from "../src/types.ts";
import { Refusal, Service } from "./service.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A connection that stands, and what it has told of itself. */
async function connected(service: Service) {
  const connection = new Connection("a key", service.ways(), async () => {});
  const told: ConnectionStatus[] = [];
  connection.statuses.add(status => told.push(status));
  await connection.start();
  return { connection, states: () => told.map(({ state }) => state) };
}

test("a ping that is refused was answered: the line is kept", async () => {
  const service = new Service();
  service.answer = action => (action === "ping" ? new Refusal("rate_limited", true) : undefined);
  const { connection, states } = await connected(service);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(service.asks("ping").length).toBeGreaterThan(3);
  expect(states()).toEqual(["connecting", "connected"]);
  connection.end();
});

test("a line on which no ping is answered is opened anew", async () => {
  const service = new Service();
  const { connection, states } = await connected(service);
  if (service.sockets[0]) service.sockets[0].send = () => {};
  await vi.advanceTimersByTimeAsync(120_000);
  expect(states()).toEqual(["connecting", "connected", "reconnecting", "connected"]);
  connection.end();
});

test("a key that may do other things from now on connects again, and tells what it may do", async () => {
  const service = new Service();
  const { connection, states } = await connected(service);
  const scopes: unknown[] = [];
  connection.statuses.add(({ key }) => scopes.push(key?.scopes));
  const more = { tenant: "acme", scopes: ["submit", "read"] };
  service.answer = action => (action === "authenticate" ? more : undefined);
  service.sockets[0]?.close(4403, "the key may do other things now: connect again");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(states()).toEqual(["connecting", "connected", "reconnecting", "connected"]);
  expect(scopes.at(-1)).toEqual(["submit", "read"]);
  connection.end();
});

test("a key that may not be used, or was revoked, ends it for good", async () => {
  for (const [code, error] of [
    [4403, "forbidden"],
    [4401, "unauthorized"],
  ] as const) {
    const service = new Service();
    service.answer = (_, __, number) => {
      if (number === 2) service.sockets[1]?.close(code, "refused");
      return undefined;
    };
    const connection = new Connection("a key", service.ways(), async () => {});
    await connection.start();
    service.sockets[0]?.close(1006);
    const told = new Promise<ConnectionStatus>(resolve =>
      connection.statuses.add(status => status.state === "disconnected" && resolve(status)),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await told).error?.code).toBe(error);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(service.sockets).toHaveLength(2);
  }
});

test("one that is ended while it takes up what was followed was never connected", async () => {
  const service = new Service();
  const told: string[] = [];
  const connection: Connection = new Connection("a key", service.ways(), async () => {
    await connection.request("subscribe", {}, { again: false }).catch(() => {}); // as who follows is told of the end
  });
  connection.statuses.add(({ state }) => told.push(state));
  const start = connection.start().then(
    () => "connected",
    error => error.code,
  );
  await vi.advanceTimersByTimeAsync(0);
  const [socket] = service.sockets;
  const close = socket?.close.bind(socket);
  if (socket) socket.close = () => void setTimeout(() => close?.(1000), 50); // the other end has to say so too
  connection.end();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await start).toBe("disconnected");
  expect(told).toEqual(["connecting", "disconnected"]);
});
