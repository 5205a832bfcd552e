import { useEffect, useRef, useState } from "react";
import { DOUBT, type FieldRow, type Item, type Mark } from "./fields.ts";
import { percent } from "./format.ts";
import { Icon, type IconName } from "./icons.tsx";

interface Props {
  rows: FieldRow[];
  active: string | null;
  selected: string | null;
  onHover(id: string | null): void;
  onSelect(item: Item): void;
}

const MARKS: Record<Mark, [string, IconName]> = {
  failed: ["A check failed", "cross"],
  doubt: ["Look at it", "alert"],
  ok: ["Fine", "check"],
  missing: ["Not found", "minus"],
};
const SHOWN = 6;

/** The fields of a result: name, value, how sure, and what the checks say. */
export function FieldTable({ rows, active, selected, onHover, onSelect }: Props) {
  const [missing, setMissing] = useState(false);
  const shown = rows.filter(each => each.mark !== "missing");
  const absent = rows.filter(each => each.mark === "missing");
  return (
    <>
      <table className="ndf-fields">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
            <th scope="col">Confidence</th>
            <th scope="col">Check</th>
          </tr>
        </thead>
        <tbody>
          {[...shown, ...(missing ? absent : [])].map(row => (
            <Row key={row.name} {...{ row, active, selected, onHover, onSelect }} />
          ))}
        </tbody>
      </table>
      {absent.length > 0 && (
        <button
          type="button"
          className="ndf-link ndf-missing"
          aria-expanded={missing}
          onClick={() => setMissing(!missing)}
        >
          {missing ? "Hide" : "Show"} {absent.length} {absent.length === 1 ? "field" : "fields"} not found in
          the document
        </button>
      )}
    </>
  );
}

interface RowProps extends Omit<Props, "rows"> {
  row: FieldRow;
}

function Row({ row, active, selected, onHover, onSelect }: RowProps) {
  const [all, setAll] = useState(false);
  const { items, label, mark, messages } = row;
  const reveals = items.findIndex(each => each.id === selected) >= SHOWN;
  const shown = all || reveals ? items : items.slice(0, SHOWN);
  const remarks = items.length === 0 ? messages.slice(1) : messages;
  const [markLabel, icon] = MARKS[mark];
  return (
    <tr data-mark={mark} data-active={items.some(each => each.id === active) || undefined}>
      <th scope="row">{label}</th>
      <td className="ndf-values">
        {items.length === 0 && <span className="ndf-absent">{messages[0] ?? "Not found"}</span>}
        {shown.map(item => (
          <Value key={item.id} {...{ item, active, selected, onHover, onSelect }} />
        ))}
        {shown.length < items.length && (
          <button type="button" className="ndf-link" onClick={() => setAll(true)}>
            {items.length - shown.length} more
          </button>
        )}
        {mark !== "ok" && remarks.length > 0 && <p className="ndf-remark">{remarks.join(". ")}</p>}
      </td>
      <td>{row.confidence !== null && <Confidence value={row.confidence} />}</td>
      <td>
        <span className="ndf-mark" data-mark={mark} title={markLabel}>
          <Icon name={icon} />
          <span className="ndf-hidden">{markLabel}</span>
        </span>
      </td>
    </tr>
  );
}

function Value({ item, active, selected, onHover, onSelect }: Omit<Props, "rows"> & { item: Item }) {
  const button = useRef<HTMLButtonElement>(null);
  const chosen = item.id === selected;
  useEffect(() => {
    if (chosen) button.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [chosen]);
  return (
    <button
      type="button"
      ref={button}
      className="ndf-value"
      dir="auto"
      data-value={item.id}
      data-active={item.id === active || undefined}
      aria-pressed={chosen}
      title={item.raw && item.raw !== item.text ? `In the document: ${item.raw}` : undefined}
      onMouseEnter={() => onHover(item.id)}
      onMouseLeave={() => onHover(null)}
      onFocus={() => onHover(item.id)}
      onBlur={() => onHover(null)}
      onClick={() => onSelect(item)}
    >
      {item.text}
    </button>
  );
}

/** How sure, as a bar and a number. */
export function Confidence({ value }: { value: number }) {
  const level = value < DOUBT ? "low" : value < 0.85 ? "middle" : "high";
  return (
    <span className="ndf-confidence" data-level={level}>
      <span className="ndf-bar" aria-hidden="true">
        <span style={{ width: `${Math.max(3, value * 100)}%` }} />
      </span>
      {percent(value)}
    </span>
  );
}
