import type { NeuralDocFlowClient, ProcessingResult } from "@neuraldocflow/client";
import { useEffect, useRef, useState } from "react";
import { useAgain } from "./again.ts";
import { onCloseRequest } from "./closing.ts";
import { Doing, isOver, StatusBadge } from "./DocumentList.tsx";
import type { DocumentEntry } from "./entries.ts";
import { Found } from "./Found.tsx";
import { documentType, percent, size, suggestion } from "./format.ts";
import { Icon } from "./icons.tsx";
import type { DrawPage } from "./PageView.tsx";

interface Props {
  entry: DocumentEntry;
  client: NeuralDocFlowClient;
  isConnected: boolean;
  /** What waits is there when the page is opened again. */
  lasts: boolean;
  load(jobId: string): Promise<ProcessingResult>;
  page: DrawPage;
  /** Nobody has opened it: the focus stays where it is. */
  isUnasked: boolean;
  onBack(): void;
  onCancel(entry: DocumentEntry): void;
  onRetry(entry: DocumentEntry): void;
}

/** One document: what is happening to it, or what was found in it. */
export function DocumentView(props: Props) {
  const { entry, client, isConnected, lasts, load, page, isUnasked, onBack, onCancel, onRetry } = props;
  const { result, problem } = useResult(entry, load, isConnected);
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another document, another heading
  useEffect(() => {
    if (!isUnasked) heading.current?.focus({ preventScroll: true });
  }, [entry.key]);
  const back = useCoveringClose(onBack);
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
        <button type="button" className="ndf-quiet ndf-back" ref={back} onClick={onBack}>
          <Icon name="back" />
          <span className="ndf-hidden">Back to the documents</span>
        </button>
        <div>
          <h2 ref={heading} tabIndex={-1} dir="auto">
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
          <p>{meanwhile(entry, lasts)}</p>
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
          {...{ result, client, isConnected, id: entry.id, jobId: entry.jobId, filename: entry.filename }}
          draw={page}
          isOffline={entry.origin === "offline"}
          isHere={entry.submission?.hasFile ?? false}
        />
      )}
    </article>
  );
}

/** Where the document covers the list, which the button says by being there, Back brings the list again. */
function useCoveringClose(close: () => void) {
  const button = useRef<HTMLButtonElement>(null);
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (button.current?.offsetParent) return onCloseRequest(() => latest.current());
  }, []);
  return button;
}

/** What a person who waits for a document may want to know. */
function meanwhile({ status, jobId }: DocumentEntry, lasts: boolean): string {
  if (jobId !== null) return "You can close this page meanwhile: the result will be here when you come back.";
  if (status === "processing")
    return "The service can't be reached, so this document is read on this device.";
  if (status !== "waiting") return "";
  return lasts
    ? "It is kept on this device until it can be sent."
    : "It is sent as soon as the service is there: keep this page open until then.";
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

/** The result of a document that is done, once it is there. */
function useResult(
  { id: jobId, submission, status, ...entry }: DocumentEntry,
  load: Props["load"],
  isConnected: boolean,
) {
  const [found, setFound] = useState<{ jobId: string; result: ProcessingResult } | null>(null);
  const [problem, setProblem] = useState("");
  const done = status === "completed" || status === "partial" || status === "failed";
  const isThere = entry.jobId !== null;
  const isHere = Boolean(submission?.read);
  const again = useAgain(isConnected, problem !== "");
  // biome-ignore lint/correctness/useExhaustiveDependencies: again when the service is back
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
  }, [jobId, isThere, isHere, done, load, again]);
  return { result: found && found.jobId === jobId ? found.result : null, problem };
}
