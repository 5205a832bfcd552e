/** Documents that other senders on the page post while the service can't be reached: taken by the service worker. */
import type { ProcessingOptions, ProcessingRequest } from "@neuraldocflow/client";
import { ask, isOfService, keyOf } from "./answers.ts";
import { markOf, openStores, tellOfChange } from "./stores.ts";

/** Known to @neuraldocflow/react by the same name; its sources need a page. */
const ADDRESS = "text/uri-list";

interface Wanted {
  file: Blob;
  filename: string;
  profile: string;
  options: ProcessingOptions;
}

/** Not those with a key of their own, which can be sent again by whoever named them: the page's are in the queue
 * before they are sent, under that key. */
export function isDocument(request: Request, { pathname }: URL): boolean {
  const isPosted = request.method === "POST" && pathname === "/api/v1/documents";
  return isPosted && request.headers.has("Authorization") && !request.headers.has("Idempotency-Key");
}

/** The network first; without it the document is kept. A page that is open reads it on this device if it can,
 * and it is sent when there is a connection and a page: under the id that it is sent with here, since what
 * breaks may be the answer alone. */
export async function sendOrQueue(request: Request, url: URL): Promise<Response> {
  const id = crypto.randomUUID().replaceAll("-", "");
  const headers = new Headers(request.headers);
  headers.set("Idempotency-Key", id);
  const body = await request.blob(); // can be read again, and a large one is on disk
  const answer = await ask(new Request(request, { headers, body }));
  if (isOfService(answer)) return answer;
  if (request.signal.aborted) return answer; // not wanted any more; not every browser tells
  const wanted = await wantedBy(new Response(body, { headers }), url).catch(() => null);
  if (!wanted) return answer; // not a document: the service says why, once it can
  return queued(id, wanted, keyOf(request));
}

async function queued(id: string, wanted: Wanted, key: string): Promise<Response> {
  const { file, filename, profile, options } = wanted;
  const timestamp = Date.now();
  const owner = await markOf(key);
  const about = { id, owner, key, filename, profile, options, timestamp, size: file.size, type: file.type };
  const database = await openStores();
  const transaction = database.transaction(["documents", "syncQueue"], "readwrite");
  try {
    await Promise.all([
      transaction.objectStore("documents").add({ ...about, document: file, result: null, synced: false }),
      transaction.objectStore("syncQueue").add({ id, action: "submit_document", timestamp, retries: 0 }),
      transaction.done,
    ]);
  } catch (error) {
    if ((error as DOMException).name !== "QuotaExceededError") throw error;
    const detail = "There is no connection, and the browser has no room to keep the document.";
    const problem = { type: "about:blank", title: "Insufficient Storage", status: 507, detail };
    const headers = { "Content-Type": "application/problem+json" };
    return Response.json({ ...problem, code: "too_large", retryable: true }, { status: 507, headers });
  } finally {
    database.close();
  }
  tellOfChange();
  return Response.json(
    { status: "queued", id, message: "Queued for processing when online" },
    { status: 202 },
  );
}

/** What a request asks for. Throws where it is none of the service's. */
async function wantedBy(posted: Response, url: URL): Promise<Wanted> {
  const type = posted.headers.get("Content-Type") ?? "";
  if (type.startsWith("application/json")) return ofJson(await posted.json());
  const told = new Map(url.searchParams);
  if (!type.startsWith("multipart/")) return withTexts(await posted.blob(), told);
  const form = await posted.formData();
  const file = form.get("file");
  if (!(file instanceof File)) throw new TypeError("the form has no file");
  for (const [name, value] of form) if (typeof value === "string") told.set(name, value);
  return withTexts(file, told.set("filename", file.name));
}

function withTexts(file: Blob, told: Map<string, string>): Wanted {
  const { filename = "", profile = "auto", ...rest } = Object.fromEntries(told);
  const options: Record<string, unknown> = { ...rest };
  if (rest.qualityThreshold) options.qualityThreshold = Number(rest.qualityThreshold);
  if (rest.streamResults) options.streamResults = rest.streamResults === "true";
  if (rest.deadlineMs) options.deadlineMs = Number(rest.deadlineMs);
  return { file, filename, profile, options: known(options) };
}

function ofJson({ document, profile = "auto", options = {} }: Partial<ProcessingRequest>): Wanted {
  const { source, content, filename = "", contentType = "" } = document as ProcessingRequest["document"];
  if (source === "url") {
    const address = new URL(content);
    const file = new Blob([address.href], { type: ADDRESS });
    return { file, filename: filename || lastOf(address), profile, options: known(options) };
  }
  const base64 = content.replace(/^\s*data:[^,]{0,200};base64,/i, ""); // in lines or not, `atob` takes it
  const bytes = Uint8Array.from(atob(base64), each => each.charCodeAt(0));
  return { file: new Blob([bytes], { type: contentType }), filename, profile, options: known(options) };
}

function lastOf({ pathname, hostname }: URL): string {
  return decodeURIComponent(pathname.split("/").pop() ?? "") || hostname;
}

function known({ priority, qualityThreshold, outputFormat, streamResults, deadlineMs }: ProcessingOptions) {
  const all = { priority, qualityThreshold, outputFormat, streamResults, deadlineMs };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
