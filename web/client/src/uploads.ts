import { NeuralDocFlowError } from "./errors.ts";
import type { Http } from "./http.ts";
import { bare } from "./pieces.ts";
import type { ProcessingRequest, SubmitOptions } from "./types.ts";
import { type Backoff, pause, randomId, sleep } from "./waiting.ts";

/** Documents up to this size are sent in one request. */
const AT_ONCE = 4 * 2 ** 20;
const PIECE = 4 * 2 ** 20;
const TRIES = 8;
/** Who is to wait for longer than this, as for the next day's quota, is told so instead. */
const LONGEST_WAIT_MS = 60_000;
const TUS = { "Tus-Resumable": "1.0.0" };

/** Uploads that a lost connection has left on the service: their places by their idempotency keys. */
export type Left = Map<string, string>;

type Rest = [document: Blob, filename: string, options: SubmitOptions, backoff: Backoff, left: Left];

/** Where an upload is; null while there is none. */
interface Begun {
  place: string | null;
}

/** Send a document; the job's id. A large one goes in pieces by the tus protocol, and after a broken connection
 * on from where it was. Throws NeuralDocFlowError, or the signal's reason. */
export async function upload(
  http: Http,
  document: Blob,
  filename: string,
  options: SubmitOptions,
  backoff: Backoff,
  left: Left,
): Promise<string> {
  options.onUpload?.(0);
  const send = document.size > AT_ONCE ? inPieces : atOnce;
  const job = await send(http, document, filename, options, backoff, left);
  options.onUpload?.(1);
  return job;
}

/** Have what is at an address fetched and processed; the job's id. Throws as `upload` does. */
export async function submitAddress(
  http: Http,
  address: URL,
  filename: string,
  options: SubmitOptions,
): Promise<string> {
  const { profile = "auto", priority, qualityThreshold, outputFormat, streamResults, deadlineMs } = options;
  const document = { source: "url", content: address.href, filename };
  const wanted = { priority, qualityThreshold, outputFormat, streamResults, deadlineMs };
  const { job_id } = await http.json<{ job_id: string }>("/api/v1/documents", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": options.idempotencyKey ?? randomId() },
    body: JSON.stringify({ document, profile, options: wanted }),
    signal: options.signal,
  });
  return job_id;
}

async function atOnce(http: Http, document: Blob, filename: string, options: SubmitOptions): Promise<string> {
  const query = new URLSearchParams({ filename, ...wishes(options) });
  const headers: Record<string, string> = { "Content-Type": document.type || "application/octet-stream" };
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  const { job_id } = await http.json<{ job_id?: string }>(`/api/v1/documents?${query}`, {
    method: "POST",
    headers: /^(multipart\/|application\/json)/.test(headers["Content-Type"] ?? "")
      ? { ...headers, "Content-Type": "application/octet-stream" } // the body is the document, whatever it is
      : headers,
    body: document,
    signal: options.signal,
  });
  if (job_id !== undefined) return job_id;
  const message =
    "The service can't be reached. The document waits in this browser, and is sent from the service's page.";
  throw new NeuralDocFlowError("unreachable", message, { retryable: false });
}

/** One with a key that ends for want of a connection is left on the service, and gone on with when it is sent again. */
async function inPieces(http: Http, ...[document, filename, options, backoff, left]: Rest): Promise<string> {
  const { idempotencyKey: key } = options;
  const begun: Begun = { place: (key && left.get(key)) || null };
  if (key) left.delete(key);
  try {
    return await pieceByPiece(begun, http, document, filename, options, backoff);
  } catch (error) {
    if (begun.place !== null && key && isAway(error)) left.set(key, begun.place);
    else if (begun.place !== null) void giveUp(http, begun.place);
    throw error;
  }
}

function isAway(error: unknown): boolean {
  return error instanceof NeuralDocFlowError && ["unreachable", "no_answer"].includes(error.code);
}

async function pieceByPiece(
  begun: Begun,
  http: Http,
  document: Blob,
  filename: string,
  options: SubmitOptions,
  backoff: Backoff,
): Promise<string> {
  const { signal } = options;
  const told: Record<string, string> = { filename, filetype: document.type, ...wishes(options) };
  if (options.idempotencyKey) told.idempotencyKey = options.idempotencyKey;
  const metadata = Object.entries(told).map(([name, value]) => `${name} ${base64(value)}`);
  const headers = { ...TUS, "Upload-Length": String(document.size), "Upload-Metadata": metadata.join(",") };
  let offset = 0;
  if (begun.place !== null) offset = await whereItWas(http, begun, signal);
  for (let tries = 0; ; ) {
    try {
      if (begun.place === null) {
        const created = await http.send("/api/v1/uploads", { method: "POST", headers, signal });
        begun.place = created.headers.get("Location") ?? "";
        offset = 0;
      }
      const piece = document.slice(offset, offset + PIECE);
      const answer = await http.send(begun.place, {
        method: "PATCH",
        headers: {
          ...TUS,
          "Content-Type": "application/offset+octet-stream",
          "Upload-Offset": String(offset),
        },
        body: piece,
        signal,
      });
      offset = Number(answer.headers.get("Upload-Offset"));
      tries = 0;
      options.onUpload?.(offset / document.size);
      const job = answer.headers.get("NeuralDocFlow-Job");
      if (job) return job;
    } catch (error) {
      if (!(error instanceof NeuralDocFlowError) || !isPassing(error) || ++tries >= TRIES) throw error;
      if (begun.place === null && isAway(error)) throw error; // as with a small one: nothing has begun, for all we know
      const wait = Math.max(error.retryAfterMs ?? 0, pause(tries, backoff));
      if (wait > LONGEST_WAIT_MS) throw error;
      await sleep(wait, signal);
      if (begun.place !== null) offset = await whereItWas(http, begun, signal, TRIES);
    }
  }
}

/** The service keeps what is left of an upload for a day, and only so many. */
async function giveUp(http: Http, place: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      await http.send(place, { method: "DELETE", headers: TUS, keepalive: true });
      return;
    } catch (error) {
      // While the piece that was stopped is still being taken, it can't be removed.
      if (!(error instanceof NeuralDocFlowError) || error.status !== 423) return;
      await sleep(pause(attempt, { firstMs: 250, mostMs: 5000 }));
    }
  }
}

/** How far an upload is: nowhere, and not begun, where the service has nothing of it any more. */
async function whereItWas(http: Http, begun: Begun, signal?: AbortSignal, tries = 0): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await http.send(begun.place ?? "", { method: "HEAD", headers: TUS, signal });
      return Number(answer.headers.get("Upload-Offset"));
    } catch (error) {
      if (!(error instanceof NeuralDocFlowError)) throw error;
      if (error.status === 404) {
        begun.place = null;
        return 0;
      }
      if (!isPassing(error) || attempt >= tries) throw error;
      await sleep(pause(attempt, { firstMs: 500, mostMs: 5000 }), signal);
    }
  }
}

/** A broken connection, a busy service, or a piece that arrived although its answer did not. */
function isPassing(error: NeuralDocFlowError): boolean {
  return error.retryable || [404, 408, 409, 423].includes(error.status ?? 0);
}

function wishes(options: SubmitOptions) {
  const { profile, priority, qualityThreshold, outputFormat, streamResults, deadlineMs } = options;
  const all = { profile, priority, qualityThreshold, outputFormat, streamResults, deadlineMs };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** A document's bytes from base64. Throws NeuralDocFlowError for what is none. */
export function fromBase64(content: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(bare(content)), each => each.charCodeAt(0));
  } catch (cause) {
    throw new NeuralDocFlowError("invalid_request", "document.content is not base64.", { cause });
  }
}

/** A document as it goes over WebSocket. An address may hold something else each time, so that only a key says
 * that it is the same request. */
export function asRequest(document: ProcessingRequest["document"]) {
  const source = document.source === "file" ? "base64" : document.source;
  const key = document.source === "url" ? { idempotencyKey: randomId() } : {};
  return { ...key, document: { ...document, source } };
}
