import type { Clause, ExtractedData, ValidationResult } from "@neuraldocflow/client";
import { memo, useCallback, useEffect, useMemo, useRef } from "react";
import { Confidence } from "./FieldTable.tsx";
import { clauseId, tableId } from "./fields.ts";
import { title } from "./format.ts";
import { Icon } from "./icons.tsx";
import { useSlices } from "./slices.ts";

type Table = NonNullable<ExtractedData["tables"]>[number];
type PickTable = (id: string, page: number) => void;

/** The tables of a document, which may be a hundred: the first at once, the others soon. */
export function Tables({ tables, onPick }: { tables: Table[]; onPick: PickTable }) {
  const shown = useSlices(useMemo(() => tables.map(cellsOf), [tables]));
  const latest = useRef(onPick);
  latest.current = onPick;
  const pick = useCallback<PickTable>((id, page) => latest.current(id, page), []);
  return tables.slice(0, shown).map((table, number) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: tables have no other name, and never change places
    <TableFigure key={number} onPick={pick} {...{ table, number }} />
  ));
}

function cellsOf({ header, rows }: Table): number {
  return (rows ?? []).reduce((cells, row) => cells + row.length, header?.length ?? 0);
}

const TableFigure = memo(function TableFigure({
  table: { caption, page, header, rows },
  number,
  onPick,
}: {
  table: Table;
  number: number;
  onPick: PickTable;
}) {
  return (
    <figure className="ndf-table">
      <figcaption>
        <strong dir="auto">{caption || `Table ${number + 1}`}</strong>
        {page && (
          <button type="button" className="ndf-link" onClick={() => onPick(tableId(number), page)}>
            page {page}
          </button>
        )}
      </figcaption>
      <div className="ndf-table-scroll">
        <table>
          {header && header.length > 0 && (
            <thead>
              <tr>{header.map((cell, at) => cellOf("th", cell, at))}</tr>
            </thead>
          )}
          <tbody>
            {(rows ?? []).map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name, and never change places
              <tr key={at}>{row.map((cell, each) => cellOf("td", cell, each))}</tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
});

function cellOf(Tag: "th" | "td", cell: string | null, key: number) {
  const isNumber = /^[\s$€£(+\-–—]*[\d.,]+[\s%)]*$/.test(cell ?? "");
  return (
    <Tag key={key} dir="auto" data-number={isNumber || undefined}>
      {cell}
    </Tag>
  );
}

/** The sections of a document, folded; one of a filing may be half of it. */
export function Sections({ sections }: { sections: NonNullable<ExtractedData["sections"]> }) {
  const shown = useSlices(useMemo(() => sections.map(({ text }) => (text?.length ?? 0) / 200), [sections]));
  return sections.slice(0, shown).map(({ id, title: name, text, level, pageStart, pageEnd }, number) => (
    <details
      className="ndf-section"
      // biome-ignore lint/suspicious/noArrayIndexKey: sections have no other name, and never change places
      key={`${id} ${number}`}
      style={{ marginInlineStart: `${(level - 1) * 1.2}rem` }}
    >
      <summary>
        <span dir="auto">{name || title(id)}</span>
        {pageStart && (
          <small>
            {pageEnd && pageEnd !== pageStart ? `pages ${pageStart}–${pageEnd}` : `page ${pageStart}`}
          </small>
        )}
      </summary>
      <p dir="auto">{text}</p>
    </details>
  ));
}

interface ClausesProps {
  clauses: NonNullable<ExtractedData["clauses"]>;
  /** The clause that is pointed at, here or on the page. */
  active: string | null;
  selected: string | null;
  onHover(id: string | null): void;
  onPick(id: string, page: number): void;
}

/** The clauses of a contract, by kind. */
export function Clauses({ clauses, active, selected, onHover, onPick }: ClausesProps) {
  return Object.entries(clauses)
    .filter(([, found]) => found.length > 0)
    .map(([kind, found]) => (
      <section className="ndf-clauses" key={kind}>
        <h3>{title(kind)}</h3>
        {found.map((clause, number) => {
          const id = clauseId(kind, number);
          return (
            <ClauseQuote
              key={id}
              isActive={id === active}
              isChosen={id === selected}
              {...{ id, clause, onHover, onPick }}
            />
          );
        })}
      </section>
    ));
}

interface ClauseProps extends Pick<ClausesProps, "onHover" | "onPick"> {
  id: string;
  clause: Clause;
  isActive: boolean;
  isChosen: boolean;
}

function ClauseQuote({ id, clause, isActive, isChosen, onHover, onPick }: ClauseProps) {
  const { text, confidence, provenance } = clause;
  const page = provenance?.find(each => each.page)?.page;
  const quote = useRef<HTMLQuoteElement>(null);
  useEffect(() => {
    if (isChosen) quote.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [isChosen]);
  return (
    <blockquote
      ref={quote}
      data-active={isActive || undefined}
      onMouseEnter={() => onHover(id)}
      onMouseLeave={() => onHover(null)}
    >
      <p dir="auto">{text}</p>
      <footer>
        <Confidence value={confidence} />
        {page && (
          <button
            type="button"
            className="ndf-link"
            onFocus={() => onHover(id)}
            onBlur={() => onHover(null)}
            onClick={() => onPick(id, page)}
          >
            page {page}
          </button>
        )}
      </footer>
    </blockquote>
  );
}

/** What the rules of the profile say, those that failed first. */
export function Checks({ checks }: { checks: ValidationResult[] }) {
  const rules = checks.filter(each => each.rule !== "present");
  if (rules.length === 0) return <p className="ndf-none">This kind of document has no checks.</p>;
  const sorted = [...rules].sort((a, b) => Number(a.passed) - Number(b.passed));
  return (
    <ul className="ndf-checks">
      {sorted.map(({ rule, message, passed, severity, fields }) => {
        const mark = passed ? "ok" : severity === "error" ? "failed" : "doubt";
        return (
          <li key={`${rule} ${message} ${fields?.join()}`}>
            <span className="ndf-mark" data-mark={mark}>
              <Icon name={passed ? "check" : severity === "error" ? "cross" : "alert"} />
              <span className="ndf-hidden">{passed ? "Passed" : "Not passed"}</span>
            </span>
            <span>
              {message || title(rule)}
              <small>{fields?.map(title).join(", ")}</small>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
