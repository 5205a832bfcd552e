import {
  type ConnectionStatus,
  NeuralDocFlowClient,
  NeuralDocFlowError,
  type ProcessingOptions,
  type ProcessingResult,
  type ProgressEvent,
} from "@neuraldocflow/client";
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { Documents } from "./documents.ts";
import type { DocumentEntry } from "./entries.ts";
import { MemoryShelf } from "./memory.ts";
import { ADDRESS, type Lock, Outbox } from "./outbox.ts";
import { type LocalReader, Reading } from "./reading.ts";
import type { Shelf, Submission } from "./submissions.ts";

export interface UseDocumentProcessingOptions {
  /** With another one all begins anew: what was sent is no longer shown, and what waits is not sent under it. */
  apiKey: string;
  /** Where the service is; the page's own origin if left out. */
  url?: string;
  onProgress?: (progress: ProgressEvent) => void;
  onComplete?: (result: ProcessingResult) => void;
  onError?: (error: Error) => void;
  /** `all` also shows the key's other documents, those of the past included. */
  follow?: "own" | "all";
  /** Where documents wait until they are sent; in memory if left out. One that outlives a key is of one tenant. */
  shelf?: Shelf;
  /** Keeps several pages of one shelf from sending at once. */
  lock?: Lock;
  /** Reads documents on this device while the service can't be reached. */
  reader?: LocalReader;
  /** Keeps several pages from reading at once. */
  readingLock?: Lock;
}

export interface DocumentProcessing {
  /** Send a document; resolves to its job's id when it is durable. Throws NeuralDocFlowError, `disconnected` where
   * it had not been sent when another key was given, or the component was gone. */
  processDocument(file: File, profile: string, options?: ProcessingOptions): Promise<string>;
  isConnected: boolean;
  jobs: readonly DocumentEntry[];
  connection: ConnectionStatus;
  hasMore: boolean;
  /** Show older documents too. */
  more(): Promise<void>;
  /** Stop a document: its upload, or its job. */
  cancel(entry: DocumentEntry): Promise<void>;
  /** Send one again that could not be sent, or have one processed again whose job failed. */
  retry(entry: DocumentEntry): Promise<void>;
  /** A finished job's result. */
  result(jobId: string): Promise<ProcessingResult>;
  /** A page's image, of a job or of a document read on this device. */
  page(id: string, page: number, signal: AbortSignal): Promise<Blob>;
  client: NeuralDocFlowClient;
  outbox: Outbox;
}

/** Documents to a service and what becomes of them, kept up to date. */
export function useDocumentProcessing(options: UseDocumentProcessingOptions): DocumentProcessing {
  const { apiKey, url, follow, shelf, lock, reader, readingLock } = options;
  const latest = useRef(options);
  latest.current = options;

  // biome-ignore lint/correctness/useExhaustiveDependencies: documents are their key's
  const parts = useMemo(() => {
    const client = new NeuralDocFlowClient();
    const outbox = new Outbox(
      shelf ?? new MemoryShelf(),
      async (file, { id, filename, profile, options }, onUpload, signal) => {
        const document = file.type === ADDRESS ? new URL(await file.text()) : file;
        const wishes = { ...options, profile, onUpload, signal, idempotencyKey: id };
        return client.submit(document, wishes, filename);
      },
      lock,
      async made => {
        const [jobId] = await client.syncResults([made]);
        if (!jobId) throw new NeuralDocFlowError("internal", "The service did not say where the result is.");
        return jobId;
      },
    );
    const reading = reader ? new Reading(outbox, reader, readingLock) : null;
    const documents = new Documents(client, outbox, () => latest.current, reading);
    return { client, outbox, documents, presence: new Presence() };
  }, [apiKey, shelf, lock, reader, readingLock]);
  const { client, outbox, documents, presence } = parts;

  const present = useRef(presence);
  useEffect(() => {
    if (present.current !== presence) present.current.leave("Another key was given");
    present.current = presence;
    return presence.enter();
  }, [presence]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another `follow` needs another start
  useEffect(() => {
    const stop = documents.start();
    client.connect(apiKey, url ? { url, keepTrying: true } : { keepTrying: true }).catch(() => {
      // told as the connection's status
    });
    return () => {
      stop();
      client.disconnect();
    };
  }, [client, documents, apiKey, url, follow]);

  useEffect(() => {
    const ask = (leaving: BeforeUnloadEvent) => {
      const { lasts, submissions } = outbox.getSnapshot();
      if (!lasts && submissions.some(each => each.state === "waiting")) leaving.preventDefault();
    };
    globalThis.addEventListener?.("beforeunload", ask); // there is none outside of browsers
    return () => globalThis.removeEventListener?.("beforeunload", ask);
  }, [outbox]);

  const view = useSyncExternalStore(documents.subscribe, documents.getSnapshot, documents.getSnapshot);

  const processDocument = useCallback(
    async (file: File, profile: string, options: ProcessingOptions = {}) => {
      const wishes = { profile, options: { streamResults: true, ...options } };
      const { id } = await outbox.add(file, file.name, wishes);
      return sent(outbox, id, presence.signal);
    },
    [outbox, presence],
  );
  const cancel = useCallback((entry: DocumentEntry) => documents.cancel(entry), [documents]);
  const retry = useCallback((entry: DocumentEntry) => documents.retry(entry), [documents]);
  const result = useCallback((jobId: string) => documents.result(jobId), [documents]);
  const page = useCallback(
    (id: string, number: number, signal: AbortSignal) => documents.page(id, number, signal),
    [documents],
  );
  const more = useCallback(() => documents.more(), [documents]);

  return {
    ...{ processDocument, cancel, retry, result, page, more, client, outbox },
    isConnected: view.connection.state === "connected",
    jobs: view.documents,
    connection: view.connection,
    hasMore: view.hasMore,
  };
}

/** Whether a component is there for whom something waits. */
class Presence {
  #left = new AbortController();
  #leaving: ReturnType<typeof setTimeout> | undefined;

  /** Aborted when it is there no more; the reason says why. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** It is there; gives the function that ends it, but for who comes back at once, as in React's strict mode. */
  enter(): () => void {
    clearTimeout(this.#leaving);
    if (this.signal.aborted) this.#left = new AbortController();
    return () => {
      this.#leaving = setTimeout(() => this.leave("The page was left"));
    };
  }

  leave(why: string): void {
    clearTimeout(this.#leaving);
    this.#left.abort(why);
  }
}

/** Resolves to the job's id when a submission has been sent; rejects when nobody is there any more who waits. */
function sent(outbox: Outbox, id: string, left: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const stop = outbox.subscribe(look);
    left.addEventListener("abort", look);
    function look() {
      const found: Submission | undefined = outbox.getSnapshot().submissions.find(each => each.id === id);
      if (found?.state === "waiting" && !left.aborted) return;
      stop();
      left.removeEventListener("abort", look);
      if (found?.jobId) return resolve(found.jobId);
      const gone = found ? `${left.reason} before the document was sent.` : "The document was taken back.";
      const failure = found?.state === "failed" ? found.error : null;
      const { code, message } = failure ?? { code: "disconnected", message: gone };
      reject(new NeuralDocFlowError(code as NeuralDocFlowError["code"], message));
    }
    look();
  });
}
