import type { ExtractedData, FieldValue, ProcessingResult, Provenance } from "@neuraldocflow/client";
import { title, value } from "./format.ts";

export type Mark = "failed" | "doubt" | "ok" | "missing";

/** One value of a field. */
export interface Item {
  id: string;
  text: string;
  /** As the document writes it. */
  raw: string | null;
  confidence: number;
  places: Provenance[];
}

/** One field as a row of the table. */
export interface FieldRow {
  name: string;
  label: string;
  items: Item[];
  /** The least confidence of its values. */
  confidence: number | null;
  mark: Mark;
  /** Why it is marked so. */
  messages: string[];
}

/** A box on a page and the value it belongs to. */
export interface Box {
  id: string;
  field: string;
  label: string;
  page: number;
  bbox: [number, number, number, number];
}

/** Below this a person should look. */
export const DOUBT = 0.6;
const ORDER: Mark[] = ["failed", "doubt", "ok", "missing"];

/** A result's fields: those where a person is needed first, those that were not found last. */
export function fieldRows(result: ProcessingResult): FieldRow[] {
  const rows = Object.entries(result.extractedData?.fields ?? {}).map(([name, found]) =>
    row(name, found, result),
  );
  return rows.sort((a, b) => ORDER.indexOf(a.mark) - ORDER.indexOf(b.mark) || urgency(a) - urgency(b));
}

/** Of those that need a look the least certain come first; the others stay as the profile has them. */
function urgency({ mark, confidence }: FieldRow): number {
  return mark === "failed" || mark === "doubt" ? (confidence ?? 0) : 0;
}

function row(
  name: string,
  found: FieldValue | FieldValue[] | null | undefined,
  result: ProcessingResult,
): FieldRow {
  const values = (Array.isArray(found) ? found : found ? [found] : []).filter(each => each.value != null);
  const items = values.map((each, number) => ({
    id: `${name}:${number}`,
    text: readable(each.value, each.raw) ?? value(each.value, each.currency),
    raw: each.raw ?? null,
    confidence: each.confidence ?? 0,
    places: each.provenance ?? [],
  }));
  const rules = (result.validationResults ?? []).filter(each => !each.passed && each.fields?.includes(name));
  const confidence = items.length ? Math.min(...items.map(each => each.confidence)) : null;
  const serious = rules.some(each => each.severity === "error");
  const warned = rules.some(each => each.severity === "warning");
  let mark: Mark = "ok";
  if (serious) mark = "failed";
  else if (confidence === null) mark = warned ? "doubt" : "missing";
  else if (warned || confidence < DOUBT) mark = "doubt";
  const messages = rules.map(each => sentence(each.message ?? "", name));
  if (mark === "doubt" && messages.length === 0) messages.push("Not certain: compare with the document");
  return { name, label: title(name), items, confidence, mark, messages };
}

/** A long number as the document groups it, such as a telephone number. */
function readable(found: unknown, raw: string | null | undefined): string | null {
  const isSame = typeof found === "string" && /^\d{7,}$/.test(found) && raw?.replace(/\D/g, "") === found;
  return isSame ? (raw ?? null) : null;
}

/** A rule's message without the field's name, which stands beside it. */
function sentence(message: string, name: string): string {
  const prefix = `${name.replaceAll("_", " ")}: `;
  const rest = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** Every box of every value, for the page images. */
export function boxes(rows: FieldRow[]): Box[] {
  return rows.flatMap(({ name, label, items }) =>
    items.flatMap(({ id, text, places }) => boxesAt(places, { id, field: name, label: `${label}: ${text}` })),
  );
}

/** Every box of every clause; their ids are those of `clauseId`. */
export function clauseBoxes(clauses: NonNullable<ExtractedData["clauses"]>): Box[] {
  return Object.entries(clauses).flatMap(([kind, found]) =>
    found.flatMap(({ provenance = [] }, number) =>
      boxesAt(provenance, { id: clauseId(kind, number), field: kind, label: title(kind) }),
    ),
  );
}

export function clauseId(kind: string, number: number): string {
  return `clause ${kind} ${number}`;
}

/** The box of every table; their ids are those of `tableId`. */
export function tableBoxes(tables: NonNullable<ExtractedData["tables"]>): Box[] {
  return tables.flatMap(({ page, bbox, caption }, number) =>
    boxesAt([{ page, bbox }], {
      id: tableId(number),
      field: "table",
      label: caption || `Table ${number + 1}`,
    }),
  );
}

export function tableId(number: number): string {
  return `table ${number}`;
}

interface Place {
  page?: number | null | undefined;
  bbox?: readonly unknown[] | null | undefined;
}

function boxesAt(places: Place[], about: Omit<Box, "page" | "bbox">): Box[] {
  return places.flatMap(({ page, bbox }) =>
    page && bbox?.length === 4 ? [{ ...about, page, bbox: bbox as unknown as Box["bbox"] }] : [],
  );
}

/** The fields as CSV, one line a value. */
export function fieldsAsCsv(rows: FieldRow[]): string {
  const lines = rows.flatMap(({ name, items, messages }) =>
    (items.length ? items : [null]).map(item => [
      name,
      item?.text === "—" ? "" : (item?.text ?? ""),
      item?.raw ?? "",
      item ? String(item.confidence) : "",
      String(item?.places[0]?.page ?? ""),
      messages.join("; "),
    ]),
  );
  return [["field", "value", "as written", "confidence", "page", "remark"], ...lines]
    .map(cells => cells.map(quoted).join(","))
    .join("\r\n");
}

function quoted(cell: string): string {
  // A spreadsheet takes what begins like a formula for one.
  const safe = /^[=+\-@\t]/.test(cell) && !/^-?[\d.,]+$/.test(cell) ? `'${cell}` : cell;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
