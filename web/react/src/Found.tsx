import type { ExtractedData, NeuralDocFlowClient, ProcessingResult } from "@neuraldocflow/client";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { Checks, Clauses, Sections, Tables } from "./Contents.tsx";
import { onCloseRequest } from "./closing.ts";
import { Export } from "./Export.tsx";
import { FieldTable } from "./FieldTable.tsx";
import { type Box, boxes, clauseBoxes, type FieldRow, fieldRows, type Item, tableBoxes } from "./fields.ts";
import { Icon } from "./icons.tsx";
import { type DrawPage, PageView } from "./PageView.tsx";
import { type Tab, Tabs } from "./Tabs.tsx";

interface FoundProps {
  result: ProcessingResult;
  client: NeuralDocFlowClient;
  isConnected: boolean;
  id: string;
  draw: DrawPage;
  /** None while the result is on this device only. */
  jobId: string | null;
  filename: string;
  /** It was read on a device: the service gets the result, not the document. */
  isOffline: boolean;
  /** Its bytes are on this device. */
  isHere: boolean;
}

/** What was found in a document: its values and the rest in tabs, beside them its pages. */
export function Found(props: FoundProps) {
  const { result, client, isConnected, id, draw, jobId, filename, isOffline, isHere } = props;
  const data = useMemo(() => result.extractedData ?? {}, [result]);
  const rows = useMemo(() => fieldRows(result), [result]);
  const tabs = useMemo(() => tabsOf(result, rows), [result, rows]);
  const [tab, setTab] = useState("fields");
  const [hovered, setHovered] = useState<string | null>(null);
  const [selected, setSelected] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const hasPages =
    (isHere || !isOffline) && result.metadata?.contentType === "application/pdf" && (data.pages ?? 0) > 0;
  const places = useMemo(() => boxesOf(tab, data, rows), [tab, data, rows]);
  const [page, setPage] = useState(places[0]?.page ?? 1);
  const [quote, setQuote] = useState<Item | null>(null);
  const own = useId();
  const active = hovered ?? selected;
  const { pane, results } = useSliding(open, () => setOpen(false));

  const show = (wanted: number) => {
    setPage(wanted);
    setOpen(true);
  };
  const choose = (item: Item) => {
    setSelected(item.id);
    const there = item.places.find(each => each.page);
    if (hasPages && there?.page) show(there.page);
    else setQuote(item);
  };
  const fromPage = (value: string) => {
    setSelected(value);
    setOpen(false);
  };
  const pick = (id: string, on: number) => {
    setSelected(id);
    show(on);
  };
  return (
    <div className="ndf-found" data-pages={hasPages || undefined} data-open={open || undefined}>
      <div className="ndf-results" ref={results}>
        <div className="ndf-tabs">
          <Tabs id={own} label="What was found" tabs={tabs} chosen={tab} onChoose={setTab} />
          {hasPages && (
            <button type="button" className="ndf-button ndf-open-page" onClick={() => setOpen(true)}>
              <Icon name="page" /> Page
            </button>
          )}
        </div>
        <div role="tabpanel" id={`${own}panel`} aria-labelledby={`${own}${tab}`} className="ndf-panel">
          {tab === "fields" && (
            <>
              <FieldTable
                rows={rows}
                active={active}
                selected={selected}
                onHover={setHovered}
                onSelect={choose}
              />
              {quote && quote.id === selected && <Quote item={quote} onClose={() => setQuote(null)} />}
            </>
          )}
          {tab === "clauses" && (
            <Clauses
              clauses={data.clauses ?? {}}
              {...{ active, selected }}
              onHover={setHovered}
              onPick={pick}
            />
          )}
          {tab === "tables" && <Tables tables={data.tables ?? []} onPick={pick} />}
          {tab === "sections" && <Sections sections={data.sections ?? []} />}
          {tab === "checks" && <Checks checks={result.validationResults ?? []} />}
          {tab === "export" && (
            <Export {...{ client, jobId, filename, result, rows }} hasAnnotated={hasPages && !isOffline} />
          )}
        </div>
      </div>
      {hasPages && (
        <div className="ndf-page-pane" ref={pane}>
          <button type="button" className="ndf-button ndf-close-page" onClick={() => setOpen(false)}>
            <Icon name="back" /> Fields
          </button>
          <PageView
            {...{ id, draw, isConnected, page, boxes: places, pages: data.pages ?? 1 }}
            active={active}
            onPage={setPage}
            onHover={setHovered}
            onSelect={fromPage}
          />
        </div>
      )}
    </div>
  );
}

/** The views of a result. Export is always there, others where there is something in them. */
function tabsOf({ extractedData, validationResults }: ProcessingResult, rows: FieldRow[]): Tab[] {
  const { clauses = {}, tables = [], sections = [] } = extractedData ?? {};
  const failed = (validationResults ?? []).filter(each => !each.passed && each.severity !== "info").length;
  const tabs: Tab[] = [
    { name: "fields", label: "Fields", count: rows.filter(each => each.items.length > 0).length },
    { name: "clauses", label: "Clauses", count: Object.values(clauses).flat().length },
    { name: "tables", label: "Tables", count: tables.length },
    { name: "sections", label: "Sections", count: sections.length },
  ];
  return [
    ...tabs.filter(({ name, count }) => name === "fields" || count),
    { name: "checks", label: "Checks", ...(failed ? { count: failed } : {}) },
    { name: "export", label: "Export" },
  ];
}

/** What is boxed on the pages: what the view is about. */
function boxesOf(tab: string, { clauses = {}, tables = [] }: ExtractedData, rows: FieldRow[]): Box[] {
  if (tab === "clauses") return clauseBoxes(clauses);
  return tab === "tables" ? tableBoxes(tables) : boxes(rows);
}

/** Where the page slides over the values, the focus goes to it and comes back; Escape and Back close it. */
function useSliding(open: boolean, close: () => void) {
  const pane = useRef<HTMLDivElement>(null);
  const results = useRef<HTMLDivElement>(null);
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (!open) return;
    const heard = new AbortController();
    const closing = pane.current?.querySelector<HTMLElement>(".ndf-close-page");
    if (!closing?.offsetParent) return; // they stand side by side
    closing.focus({ preventScroll: true });
    const leave = () => latest.current();
    const disregard = onCloseRequest(leave);
    const leaveByKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault(); // it would ask what is below to close too
      leave();
    };
    pane.current?.addEventListener("keydown", leaveByKey, { signal: heard.signal });
    return () => {
      heard.abort();
      disregard();
      const chosen = results.current?.querySelector<HTMLElement>(".ndf-value[aria-pressed=true]");
      (chosen ?? results.current?.querySelector<HTMLElement>(".ndf-open-page"))?.focus({
        preventScroll: true,
      });
    };
  }, [open]);
  return { pane, results };
}

/** Where a value stands in a document that has no pages. */
function Quote({ item, onClose }: { item: Item; onClose(): void }) {
  return (
    <aside className="ndf-quote" aria-label="Where it stands">
      {item.places.map(({ text, block }) => (
        <p key={`${block} ${text}`}>
          <q dir="auto">{text}</q>
        </p>
      ))}
      {item.places.length === 0 && <p>It was put together from several places.</p>}
      <button type="button" className="ndf-quiet" onClick={onClose}>
        <Icon name="cross" />
        <span className="ndf-hidden">Close</span>
      </button>
    </aside>
  );
}
