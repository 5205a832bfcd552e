import { memo } from "react";
import type { DocumentEntry } from "./entries.ts";
import { documentType, percent, size, stage, timeLeft, when } from "./format.ts";
import { Icon, type IconName } from "./icons.tsx";

interface Props {
  documents: readonly DocumentEntry[];
  selected: string | null;
  hasMore: boolean;
  /** Whether what became of documents may be seen. */
  mayRead: boolean;
  onSelect(key: string): void;
  onCancel(entry: DocumentEntry): void;
  onRetry(entry: DocumentEntry): void;
  onMore(): void;
}

const STATUS: Record<DocumentEntry["status"], [string, IconName]> = {
  waiting: ["Waiting", "clock"],
  uploading: ["Uploading", "upload"],
  queued: ["Queued", "clock"],
  processing: ["Processing", "file"],
  completed: ["Complete", "check"],
  partial: ["Needs a look", "alert"],
  failed: ["Failed", "cross"],
};

/** What a status is called. */
export function statusName(status: DocumentEntry["status"]): string {
  return STATUS[status][0];
}

export function StatusBadge({ status }: { status: DocumentEntry["status"] }) {
  const [label, icon] = STATUS[status];
  return (
    <span className="ndf-badge" data-status={status}>
      <Icon name={icon} />
      {label}
    </span>
  );
}

/** Whether nothing more will happen to it by itself. */
export function isOver({ status }: DocumentEntry): boolean {
  return status === "completed" || status === "partial" || status === "failed";
}

export function DocumentList(props: Props) {
  const { documents, selected, hasMore, mayRead, onSelect, onCancel, onRetry, onMore } = props;
  const note = mayRead
    ? documents.length === 0 && "Your documents will appear here."
    : "This key may send documents, but not see what becomes of them.";
  return (
    <>
      {note && <p className="ndf-none">{note}</p>}
      <ul className="ndf-list" aria-label="Documents">
        {documents.map(each => (
          <Card
            key={each.key}
            entry={each}
            isSelected={each.key === selected}
            {...{ onSelect, onCancel, onRetry }}
          />
        ))}
      </ul>
      {hasMore && (
        <button type="button" className="ndf-button ndf-more" onClick={onMore}>
          Show older documents
        </button>
      )}
    </>
  );
}

interface CardProps extends Pick<Props, "onSelect" | "onCancel" | "onRetry"> {
  entry: DocumentEntry;
  isSelected: boolean;
}

/** One document; drawn again only when something in it has changed, since there may be hundreds. */
const Card = memo(function Card({ entry, isSelected, onSelect, onCancel, onRetry }: CardProps) {
  return (
    <li
      className="ndf-card"
      data-key={entry.key}
      data-status={entry.status}
      data-selected={isSelected || undefined}
    >
      <button
        type="button"
        className="ndf-card-main"
        aria-current={isSelected || undefined}
        onClick={() => onSelect(entry.key)}
      >
        <span className="ndf-card-name" dir="auto">
          {entry.filename}
        </span>
        <StatusBadge status={entry.status} />
        <span className="ndf-card-facts">{facts(entry)}</span>
      </button>
      {!isOver(entry) && (
        <Doing entry={entry}>
          <button
            type="button"
            className="ndf-quiet"
            disabled={entry.cancelling}
            onClick={() => onCancel(entry)}
          >
            <Icon name="cross" />
            <span className="ndf-hidden">Cancel {entry.filename}</span>
          </button>
        </Doing>
      )}
      {entry.status === "failed" && (
        <div className="ndf-card-error">
          <span>{entry.error?.message ?? "It could not be processed."}</span>
          {(entry.submission?.state === "failed" || entry.error?.retryable) && (
            <button type="button" className="ndf-link" onClick={() => onRetry(entry)}>
              Try again
            </button>
          )}
          {entry.jobId === null && (
            <button type="button" className="ndf-link" onClick={() => onCancel(entry)}>
              Remove
            </button>
          )}
        </div>
      )}
    </li>
  );
});

/** Progress with its stage and the time left. */
export function Doing({ entry, children }: { entry: DocumentEntry; children?: React.ReactNode }) {
  const { status, progress, stage: name, estimatedRemainingMs, submission } = entry;
  const known = status === "uploading" || status === "processing";
  const waits = status === "waiting" && submission?.error ? submission.error.message : "";
  const text = entry.cancelling ? "Cancelling" : waits || stage(name);
  return (
    <div className="ndf-doing">
      {status !== "waiting" && (
        <progress
          max={1}
          {...(known ? { value: progress } : {})}
          aria-label={`${entry.filename}: ${stage(name)}`}
        />
      )}
      <span className="ndf-doing-text">
        <span>{text}</span>
        <span>{known ? timeLeft(estimatedRemainingMs) || percent(progress) : ""}</span>
      </span>
      {children}
    </div>
  );
}

function facts(entry: DocumentEntry): string {
  const { pages, size: bytes, confidence, status, createdAt } = entry;
  const shown = [
    isOver(entry) ? documentType(entry.documentType) : "",
    pages ? `${pages} ${pages === 1 ? "page" : "pages"}` : size(bytes),
    confidence !== null && status !== "failed" ? `${percent(confidence)} sure` : "",
    entry.origin === "offline" ? "made on this device" : "",
    entry.submission?.read ? (entry.jobId === null ? "not sent yet" : "synced") : "",
    when(createdAt),
  ];
  return shown.filter(Boolean).join(" · ");
}
