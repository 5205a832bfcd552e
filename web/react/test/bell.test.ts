import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Bell } from "../src/bell.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the first change is told at once, and of many that follow the last", () => {
  let state = 0;
  const heard: number[] = [];
  const bell = new Bell();
  bell.subscribe(() => heard.push(state));
  for (state = 1; state < 1_000; state += 1) bell.ring();
  expect(heard).toEqual([1]);
  vi.advanceTimersByTime(1_000);
  expect(heard).toEqual([1, 1_000]);
  bell.ring();
  expect(heard).toHaveLength(3);
});

test("who has left is not told, and what is shown is made once for all who listen", () => {
  const made = vi.fn();
  const heard = vi.fn();
  const bell = new Bell(made);
  const leave = bell.subscribe(() => heard());
  bell.subscribe(() => heard());
  bell.ring();
  expect([made.mock.calls.length, heard.mock.calls.length]).toEqual([1, 2]);
  leave();
  bell.ring();
  vi.advanceTimersByTime(1_000);
  expect([made.mock.calls.length, heard.mock.calls.length]).toEqual([2, 3]);
});
