import type { NeuralDocFlowClient, ProcessingResult } from "@neuraldocflow/client";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { Checks, Clauses, Sections, Tables } from "./Contents.tsx";
import { Doing, isOver, StatusBadge } from "./DocumentList.tsx";
import type { DocumentEntry } from "./documents.ts";
import { Export } from "./Export.tsx";
import { FieldTable } from "./FieldTable.tsx";
import { boxes, fieldRows, type Item } from "./fields.ts";
import { documentType, percent, size, suggestion } from "./format.ts";
import { Icon } from "./icons.tsx";
import { type DrawPage, PageView } from "./PageView.tsx";

interface Props {
  entry: DocumentEntry;
  client: NeuralDocFlowClient;
  load(jobId: string): Promise<ProcessingResult>;
  page: DrawPage;
  onBack(): void;
  onCancel(entry: DocumentEntry): void;
  onRetry(entry: DocumentEntry): void;
}

/** One document: what is happening to it, or what was found in it. */
export function DocumentView({ entry, client, load, page, onBack, onCancel, onRetry }: Props) {
  const { result, problem } = useResult(entry, load);
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another document, another heading
  useEffect(() => heading.current?.focus({ preventScroll: true }), [entry.key]);
  const { pages, confidence } = entry;
  const facts = [
    documentType(entry.documentType ?? result?.extractedData?.documentType ?? null),
    pages ? `${pages} ${pages === 1 ? "page" : "pages"}` : "",
    size(entry.size),
    confidence !== null && entry.status !== "failed" ? `${percent(confidence)} sure` : "",
    entry.origin === "offline" ? "made on this device" : "",
  ];
  return (
    <article className="ndf-document" aria-label={entry.filename}>
      <header className="ndf-document-head">
        <button type="button" className="ndf-quiet ndf-back" onClick={onBack}>
          <Icon name="back" />
          <span className="ndf-hidden">Back to the documents</span>
        </button>
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {entry.filename}
          </h2>
          <p>
            <StatusBadge status={entry.status} />
            <span>{facts.filter(Boolean).join(" · ")}</span>
          </p>
        </div>
        <div className="ndf-document-actions">
          {!isOver(entry) && (
            <button
              type="button"
              className="ndf-button"
              disabled={entry.cancelling}
              onClick={() => onCancel(entry)}
            >
              <Icon name="cross" /> Cancel
            </button>
          )}
        </div>
      </header>
      {!isOver(entry) && (
        <div className="ndf-wait">
          <Doing entry={entry} />
          <p>{meanwhile(entry)}</p>
        </div>
      )}
      {entry.status === "failed" && <Failure entry={entry} result={result} onRetry={onRetry} />}
      {problem && (
        <p className="ndf-problem" role="alert">
          {problem}
        </p>
      )}
      {result?.extractedData && (
        <Found
          {...{ result, client, id: entry.id, jobId: entry.jobId, filename: entry.filename }}
          draw={page}
          isOffline={entry.origin === "offline"}
        />
      )}
    </article>
  );
}

/** What a person who waits for a document may want to know. */
function meanwhile({ status, jobId }: DocumentEntry): string {
  if (jobId !== null) return "You can close this page meanwhile: the result will be here when you come back.";
  if (status === "processing")
    return "The service can't be reached, so this document is read on this device.";
  return status === "waiting" ? "It is kept on this device until it can be sent." : "";
}

function Failure({
  entry,
  result,
  onRetry,
}: {
  entry: DocumentEntry;
  result: ProcessingResult | null;
  onRetry: Props["onRetry"];
}) {
  const suggestions = result?.error?.retrySuggestions ?? [];
  return (
    <div className="ndf-problem" role="alert">
      <strong>{entry.error?.message ?? "This document could not be processed."}</strong>
      {suggestions.map(({ action, reason }) => (
        <p key={action}>{suggestion(action, reason)}</p>
      ))}
      <button type="button" className="ndf-button" onClick={() => onRetry(entry)}>
        <Icon name="retry" /> Try again
      </button>
    </div>
  );
}

interface FoundProps {
  result: ProcessingResult;
  client: NeuralDocFlowClient;
  id: string;
  draw: DrawPage;
  /** None while the result is on this device only. */
  jobId: string | null;
  filename: string;
  /** It was read on a device: the service gets the result, not the document. */
  isOffline: boolean;
}

function Found({ result, client, id, draw, jobId, filename, isOffline }: FoundProps) {
  const data = result.extractedData ?? {};
  const rows = useMemo(() => fieldRows(result), [result]);
  const places = useMemo(() => boxes(rows), [rows]);
  const clauses = Object.values(data.clauses ?? {}).flat().length;
  const failed = (result.validationResults ?? []).filter(
    each => !each.passed && each.severity !== "info",
  ).length;
  const tabs: [string, string, number | null][] = [
    ["fields", "Fields", rows.filter(each => each.items.length > 0).length],
    ...(clauses ? [["clauses", "Clauses", clauses] as [string, string, number]] : []),
    ...(data.tables?.length ? [["tables", "Tables", data.tables.length] as [string, string, number]] : []),
    ...(data.sections?.length
      ? [["sections", "Sections", data.sections.length] as [string, string, number]]
      : []),
    ["checks", "Checks", failed || null],
    ["export", "Export", null],
  ];
  const [tab, setTab] = useState("fields");
  const [hovered, setHovered] = useState<string | null>(null);
  const [selected, setSelected] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const hasPages =
    (jobId === null || !isOffline) &&
    result.metadata?.contentType === "application/pdf" &&
    (data.pages ?? 0) > 0;
  const [page, setPage] = useState(places[0]?.page ?? 1);
  const [quote, setQuote] = useState<Item | null>(null);
  const own = useId();

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
    setTab("fields");
    setOpen(false);
  };
  const move = (by: number) => {
    const at = tabs.findIndex(([name]) => name === tab);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (!next) return;
    setTab(next[0]);
    document.getElementById(`${own}${next[0]}`)?.focus();
  };
  return (
    <div className="ndf-found" data-pages={hasPages || undefined} data-open={open || undefined}>
      <div className="ndf-results">
        <div className="ndf-tabs">
          <div role="tablist" aria-label="What was found">
            {tabs.map(([name, label, count]) => (
              <button
                type="button"
                role="tab"
                key={name}
                id={`${own}${name}`}
                aria-selected={name === tab}
                aria-controls={`${own}panel`}
                tabIndex={name === tab ? 0 : -1}
                onClick={() => setTab(name)}
                onKeyDown={({ key }) => {
                  if (key === "ArrowRight") move(1);
                  if (key === "ArrowLeft") move(-1);
                }}
              >
                {label}
                {count !== null && <small>{count}</small>}
              </button>
            ))}
          </div>
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
                active={hovered ?? selected}
                selected={selected}
                onHover={setHovered}
                onSelect={choose}
              />
              {quote && quote.id === selected && <Quote item={quote} onClose={() => setQuote(null)} />}
            </>
          )}
          {tab === "clauses" && <Clauses clauses={data.clauses ?? {}} onPage={show} />}
          {tab === "tables" && <Tables tables={data.tables ?? []} onPage={show} />}
          {tab === "sections" && <Sections sections={data.sections ?? []} />}
          {tab === "checks" && <Checks checks={result.validationResults ?? []} />}
          {tab === "export" && (
            <Export {...{ client, jobId, filename, result, rows }} hasAnnotated={hasPages && !isOffline} />
          )}
        </div>
      </div>
      {hasPages && (
        <div className="ndf-page-pane">
          <button type="button" className="ndf-button ndf-close-page" onClick={() => setOpen(false)}>
            <Icon name="back" /> Fields
          </button>
          <PageView
            {...{ id, draw, page, boxes: places, pages: data.pages ?? 1 }}
            active={hovered ?? selected}
            onPage={setPage}
            onHover={setHovered}
            onSelect={fromPage}
          />
        </div>
      )}
    </div>
  );
}

/** Where a value stands in a document that has no pages. */
function Quote({ item, onClose }: { item: Item; onClose(): void }) {
  return (
    <aside className="ndf-quote" aria-label="Where it stands">
      {item.places.map(({ text, block }) => (
        <p key={`${block} ${text}`}>
          <q>{text}</q>
          {block != null && <code>{String(block)}</code>}
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

/** The result of a document that is done, once it is there. */
function useResult({ id: jobId, submission, status, ...entry }: DocumentEntry, load: Props["load"]) {
  const [found, setFound] = useState<{ jobId: string; result: ProcessingResult } | null>(null);
  const [problem, setProblem] = useState("");
  const done = status === "completed" || status === "partial" || status === "failed";
  const isThere = entry.jobId !== null;
  const isHere = Boolean(submission?.read);
  useEffect(() => {
    let wanted = true;
    setProblem("");
    if ((isThere || isHere) && done) {
      load(jobId).then(
        result => wanted && setFound({ jobId, result }),
        (error: Error) => wanted && setProblem(`The result can't be shown now: ${error.message}`),
      );
    }
    return () => {
      wanted = false;
    };
  }, [jobId, isThere, isHere, done, load]);
  return { result: found && found.jobId === jobId ? found.result : null, problem };
}
