import type { ProfileSummary } from "@neuraldocflow/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { DocumentList, statusName } from "./DocumentList.tsx";
import { DocumentView } from "./DocumentView.tsx";
import { DropZone, useCanDrop } from "./DropZone.tsx";
import type { DocumentEntry } from "./entries.ts";
import { Icon } from "./icons.tsx";
import type { Wishes } from "./submissions.ts";
import {
  type DocumentProcessing,
  type UseDocumentProcessingOptions,
  useDocumentProcessing,
} from "./useDocumentProcessing.ts";

/** So many of the files that were not added are named. */
const MOST_NAMES = 10;

export type DocumentProcessorProps = UseDocumentProcessingOptions;

/** The whole work on documents: adding them, watching them, reading what was found. */
export function DocumentProcessor(props: DocumentProcessorProps) {
  return <DocumentWorkspace key={props.apiKey} processing={useDocumentProcessing(props)} />;
}

/** The same for who has the hook's value already. */
export function DocumentWorkspace({ processing }: { processing: DocumentProcessing }) {
  const { jobs, client, outbox, isConnected, hasMore, cancel, retry, result, page, more } = processing;
  const scopes = processing.connection.key?.scopes ?? ["submit", "read"]; // until the service says
  const [selected, setSelected] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const [told, setTold] = useState("");
  const profiles = useProfiles(processing);
  const { lasts } = outbox.getSnapshot();
  const shown = jobs.find(each => each.key === selected) ?? null;

  const attempt = useCallback((work: Promise<unknown>) => {
    setProblem("");
    work.catch((error: Error) => setProblem(error.message));
  }, []);
  const onCancel = useCallback((entry: DocumentEntry) => attempt(cancel(entry)), [attempt, cancel]);
  const onRetry = useCallback((entry: DocumentEntry) => attempt(retry(entry)), [attempt, retry]);
  const add = async (files: File[], wishes: Wishes) => {
    const kept: string[] = [];
    const refused: Refused[] = [];
    for (const file of files) {
      try {
        const { id } = await outbox.add(file, file.name, wishes);
        kept.push(file.name);
        if (files.length === 1) setSelected(id);
      } catch (error) {
        refused.push({ name: file.name, why: (error as Error).message }); // those after it may be kept
      }
    }
    if (kept.length > 0) setTold(kept.length === 1 ? `${kept[0]} added.` : `${kept.length} documents added.`);
    if (refused.length > 0) throw new Error(notAdded(refused));
  };
  useAnnouncements(jobs, setTold);
  const back = useWayBack(selected);
  const isUnasked = useFirst(jobs, selected, setSelected);

  return (
    <div
      className="ndf"
      data-shown={shown ? "" : undefined}
      data-empty={jobs.length === 0 && !shown ? "" : undefined}
    >
      <div className="ndf-side">
        <DropZone
          profiles={profiles}
          refusal={scopes.includes("submit") ? "" : "This key may read documents, but not add any."}
          onFiles={(files, wishes) => attempt(add(files, wishes))}
        />
        {problem && (
          <p className="ndf-problem" role="alert">
            {problem}
            <button type="button" className="ndf-quiet" onClick={() => setProblem("")}>
              <Icon name="cross" />
              <span className="ndf-hidden">Close</span>
            </button>
          </p>
        )}
        <DocumentList
          {...{ documents: jobs, selected, hasMore, onCancel, onRetry }}
          mayRead={scopes.includes("read")}
          onSelect={setSelected}
          onMore={() => attempt(more())}
        />
      </div>
      <div className="ndf-main">
        {shown ? (
          <DocumentView
            key={shown.key}
            {...{ entry: shown, client, isConnected, lasts, page, isUnasked, onCancel, onRetry }}
            load={result}
            onBack={() => {
              setSelected(null);
              back();
            }}
          />
        ) : (
          <Welcome isEmpty={jobs.length === 0} {...{ isConnected, lasts }} />
        )}
      </div>
      <p className="ndf-hidden" aria-live="polite">
        {told}
      </p>
    </div>
  );
}

interface Refused {
  name: string;
  why: string;
}

/** Which files were not added, those of one reason together. */
function notAdded(refused: Refused[]): string {
  const reasons = [...new Set(refused.map(({ why }) => why))];
  const names = (reason: string) => refused.filter(({ why }) => why === reason).map(({ name }) => name);
  return reasons.map(reason => `Not added: ${someOf(names(reason))}. ${reason}`).join(" ");
}

/** The first names, and how many more there are. */
function someOf(names: string[]): string {
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function Welcome(props: { isEmpty: boolean; isConnected: boolean; lasts: boolean }) {
  const { isEmpty, isConnected, lasts } = props;
  const canDrop = useCanDrop();
  return (
    <div className="ndf-welcome">
      <svg viewBox="0 0 160 120" aria-hidden="true">
        <rect
          className="ndf-w-back"
          x="52"
          y="10"
          width="74"
          height="94"
          rx="6"
          transform="rotate(6 89 57)"
        />
        <rect className="ndf-w-sheet" x="40" y="12" width="74" height="96" rx="6" />
        <path className="ndf-w-line" d="M52 32h32M52 44h50M52 80h50M52 92h36" />
        <rect className="ndf-w-box" x="50" y="53" width="40" height="15" rx="3" />
        <path className="ndf-w-text" d="M56 60.500h28" />
        <circle className="ndf-w-dot" cx="118" cy="86" r="17" />
        <path className="ndf-w-check" d="M110.500 86.500l5.500 5.500 10-11" />
      </svg>
      <h2>{isEmpty ? "Turn documents into data you can trust" : "Choose a document"}</h2>
      <p>
        {isEmpty
          ? `${canDrop ? "Drop a filing, a contract or a medical record anywhere on this page." : "Choose a filing, a contract or a medical record."} Every value comes with how sure it is and the place it was read from.`
          : "Select one from the list to see its values, each with the place it was read from."}
      </p>
      {isEmpty && !isConnected && (
        <p>
          {lasts
            ? "Without a connection they are kept here and sent later."
            : "Without a connection they wait here: keep this page open until they are sent."}
        </p>
      )}
    </div>
  );
}

/** The profiles of the service; those known before while it can't be reached. */
function useProfiles({ client, connection }: DocumentProcessing): readonly ProfileSummary[] {
  const [profiles, setProfiles] = useState<ProfileSummary[]>([]);
  const { state } = connection;
  useEffect(() => {
    if (state !== "connected" && state !== "reconnecting") return; // without a connection a service worker may know
    client.profiles().then(setProfiles, () => {}); // without them a document's kind is recognised
  }, [client, state]);
  return profiles;
}

/** Where there is room beside the list, the newest document that is done is shown until one is chosen. Whether it is. */
function useFirst(
  jobs: readonly DocumentEntry[],
  selected: string | null,
  select: (key: string) => void,
): boolean {
  const chosen = useRef(false);
  const [unasked, setUnasked] = useState<string | null>(null);
  useEffect(() => {
    chosen.current ||= selected !== null;
    if (selected !== null && selected !== unasked) setUnasked(null); // who comes back to it has asked for it
    const first = jobs.find(each => each.status === "completed" || each.status === "partial");
    if (!first || chosen.current || !matchMedia("(width >= 820px)").matches) return;
    setUnasked(first.key);
    select(first.key);
  }, [jobs, selected, unasked, select]);
  return selected === unasked;
}

/** Brings the focus from a document back to its place in the list. */
function useWayBack(selected: string | null): () => void {
  const left = useRef<string | null>(null);
  useEffect(() => {
    if (selected !== null || left.current === null) return;
    document.querySelector<HTMLElement>(`.ndf-card[data-key="${left.current}"] .ndf-card-main`)?.focus();
    left.current = null;
  }, [selected]);
  return () => {
    left.current = selected;
  };
}

/** Tell those who listen what has been done. */
function useAnnouncements(jobs: readonly DocumentEntry[], tell: (text: string) => void): void {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    const now = jobs
      .filter(each => !["completed", "partial", "failed"].includes(each.status))
      .map(each => each.key);
    const done = jobs.filter(each => open.has(each.key) && !now.includes(each.key));
    if (done.length > 0) tell(done.map(each => `${each.filename}: ${statusName(each.status)}.`).join(" "));
    if (now.length !== open.size || now.some(each => !open.has(each))) setOpen(new Set(now));
  }, [jobs, open, tell]);
}
