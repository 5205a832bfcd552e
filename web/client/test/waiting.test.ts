import { expect, test, vi } from "vitest";
import { Listeners, pause, randomId, sleep } from "../src/waiting.ts";

const backoff = { firstMs: 1_000, mostMs: 30_000 };

test("pauses double up to the most, and are never less than a quarter", () => {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const most = Math.min(30_000, 1_000 * 2 ** attempt);
    expect(pause(attempt, backoff, () => 0)).toBe(most / 4);
    expect(pause(attempt, backoff, () => 1)).toBe(most);
  }
});

test("two clients do not come back at the same moment", () => {
  const pauses = new Set(Array.from({ length: 50 }, () => pause(5, backoff)));
  expect(pauses.size).toBeGreaterThan(40);
});

test("a wait ends with its signal's reason", async () => {
  const stop = new AbortController();
  const waited = sleep(60_000, stop.signal);
  stop.abort(new Error("enough"));
  await expect(waited).rejects.toThrow("enough");
  await expect(sleep(60_000, stop.signal)).rejects.toThrow("enough");
});

test("ids are 32 digits and differ", () => {
  const ids = Array.from({ length: 100 }, randomId);
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
});

test("a listener that throws does not keep others from hearing, and is reported", () => {
  const reported: unknown[] = [];
  vi.stubGlobal("queueMicrotask", (report: () => void) => {
    try {
      report();
    } catch (error) {
      reported.push(error);
    }
  });
  const heard: number[] = [];
  const listeners = new Listeners<number>();
  listeners.add(() => {
    throw new Error("of the page");
  });
  const leave = listeners.add(told => heard.push(told));
  listeners.tell(1);
  leave();
  listeners.tell(2);
  expect(heard).toEqual([1]);
  expect(reported).toHaveLength(2);
  vi.unstubAllGlobals();
});
