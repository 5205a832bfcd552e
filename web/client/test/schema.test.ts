import { expect, expectTypeOf, test } from "vitest";
import type { FieldValue, ProcessingResult, Provenance } from "../src/index.ts";

test("a value is what was found, of whatever kind", () => {
  const made: FieldValue[] = [{ value: 12.5, confidence: 1 }, { value: "Apple Inc." }, { value: null }];
  expectTypeOf<FieldValue["value"]>().toEqualTypeOf<unknown>();
  const texts = made.map(({ value }) => (typeof value === "string" ? value.toUpperCase() : ""));
  expect(texts).toEqual(["", "APPLE INC.", ""]);
});

test("a box is four numbers", () => {
  type Box = [number, number, number, number];
  expectTypeOf<NonNullable<Provenance["bbox"]>>().toEqualTypeOf<Box>();
  const found: ProcessingResult = {
    jobId: "job-1",
    status: "completed",
    extractedData: { fields: { revenue: { value: 1, provenance: [{ page: 1, bbox: [0, 10, 20, 30] }] } } },
  };
  const revenue = found.extractedData?.fields?.revenue;
  const [left = 0, , right = 0] = (Array.isArray(revenue) ? undefined : revenue?.provenance?.[0]?.bbox) ?? [];
  expect(right - left).toBe(20);
});
