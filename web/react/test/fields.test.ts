import type { ProcessingResult } from "@neuraldocflow/client";
import { expect, test } from "vitest";
import { boxes, clauseBoxes, fieldRows, fieldsAsCsv, tableBoxes } from "../src/fields.ts";
import { percent, size, suggestion, timeLeft, value } from "../src/format.ts";

const at = (page: number) => [{ page, bbox: [1, 2, 3, 4] as [number, number, number, number], text: "…" }];
const found = (text: unknown, confidence: number) => ({
  value: text,
  raw: String(text),
  confidence,
  provenance: at(1),
});
const verdict = (field: string, severity: "error" | "warning" | "info", message: string) => ({
  ...{ rule: "range", severity, passed: false, message, fields: [field] },
});

const RESULT = {
  jobId: "job",
  status: "partial",
  extractedData: {
    fields: {
      registrant_name: found("Larkspur", 0.98),
      city: found("Springfield", 0.5),
      state: found("Oregon", 0.1),
      total_assets: found(-5, 0.9),
      auditor: null,
      symbols: [found("LARK", 0.9), found("LARKW", 0.7)],
    },
  },
  validationResults: [
    verdict("total_assets", "error", "total assets: not negative"),
    verdict("auditor", "info", "auditor: not found in the auditor's report"),
  ],
} as unknown as ProcessingResult;

test("failed checks come first, then what is least certain, and what was not found comes last", () => {
  const rows = fieldRows(RESULT);
  expect(rows.map(each => [each.name, each.mark])).toEqual([
    ["total_assets", "failed"],
    ["state", "doubt"],
    ["city", "doubt"],
    ["registrant_name", "ok"],
    ["symbols", "ok"],
    ["auditor", "missing"],
  ]);
  expect(rows[0]?.messages).toEqual(["Not negative"]);
  expect(rows[1]?.messages).toEqual(["Not certain: compare with the document"]);
  expect(rows[5]?.messages).toEqual(["Not found in the auditor's report"]);
  expect(rows[4]?.confidence).toBe(0.7);
});

test("every place of a value, a clause and a table is a box", () => {
  expect(boxes(fieldRows(RESULT)).filter(each => each.field === "symbols")).toEqual([
    { id: "symbols:0", field: "symbols", label: "Symbols: LARK", page: 1, bbox: [1, 2, 3, 4] },
    { id: "symbols:1", field: "symbols", label: "Symbols: LARKW", page: 1, bbox: [1, 2, 3, 4] },
  ]);
  const clauses = { audit_rights: [{ text: "May inspect.", confidence: 0.8, provenance: at(3) }] };
  expect(clauseBoxes(clauses)).toMatchObject([{ label: "Audit rights", page: 3 }]);
  expect(
    tableBoxes([
      { page: null, rows: [] },
      { page: 2, bbox: [1, 2, 3, 4], rows: [] },
    ]),
  ).toMatchObject([{ label: "Table 2", page: 2 }]);
});

test("a spreadsheet takes no value for a formula and no quotation for its end", () => {
  const rows = fieldRows({
    ...RESULT,
    extractedData: { fields: { note: found('=HYPERLINK("x"), "y"', 0.9), amount: found("-12.5", 0.9) } },
    validationResults: [],
  } as unknown as ProcessingResult);
  expect(fieldsAsCsv(rows).split("\r\n")).toEqual([
    "field,value,as written,confidence,page,remark",
    `note,"'=HYPERLINK(""x""), ""y""","'=HYPERLINK(""x""), ""y""",0.9,1,`,
    "amount,-12.5,-12.5,0.9,1,",
  ]);
});

test("values are written as people write them", () => {
  expect(value({ name: "Height", value: "165", unit: "cm", date: "2024-10-02" })).toBe(
    "Height · 165 cm · October 2, 2024",
  );
  expect(value({ name: "BP", value: "128", unit: "mm[Hg]", group: "BP", codes: [{ code: "1" }] })).toBe(
    "BP · 128 mmHg",
  );
  expect([value(true), value(null), value(412_500_000, "USD"), value("Oregon")]).toEqual([
    "Yes",
    "—",
    "$412,500,000",
    "Oregon",
  ]);
  const amounts = [12.5, 0.035, 0.0000001, -3].map(each => value(each, "USD"));
  expect(amounts).toEqual(["$12.50", "$0.035", "$0.0000001", "-$3"]);
  expect([value(0.0000001), value(7.25), value(1_234.5)]).toEqual(["0.0000001", "7.25", "1,234.5"]);
  expect([size(43), size(2_200), size(33_000_000), size(null)]).toEqual(["43 B", "2.2 KB", "33 MB", ""]);
  expect([percent(0.999), percent(1), percent(0.501)]).toEqual(["99 %", "100 %", "50 %"]);
  expect([timeLeft(500), timeLeft(40_000), timeLeft(200_000), timeLeft(null)]).toEqual([
    "a moment left",
    "about 40 s left",
    "about 3 min left",
    "",
  ]);
  expect(suggestion("resend", "the file has no content")).toBe("Send it again: the file has no content.");
});
