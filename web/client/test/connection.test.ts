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
