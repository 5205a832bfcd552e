import { expect, test } from "vitest";
import { sliceEnd } from "../src/slices.ts";

/** What a list is shown in: where each slice ends. */
function ends(costs: number[]): number[] {
  const found = [sliceEnd(costs, 0)];
  for (let end = found[0] ?? 0; end < costs.length; found.push(end)) end = sliceEnd(costs, end);
  return found;
}

test("a list is shown in slices that cost about the same, whole and in order", () => {
  expect(ends(Array(10).fill(100))).toEqual([3, 6, 9, 10]);
  expect(ends([])).toEqual([0]);
});

test("what costs much, or nothing, is shown all the same", () => {
  expect(ends([5000, 1, 5000])).toEqual([1, 2, 3]);
  expect(ends([0, 0, 0])).toEqual([3]);
});
