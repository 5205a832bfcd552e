/** The service worker: the page from the cache, and documents sent without a connection into the queue. */
import { openDB } from "idb";
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { FOLDER, KEPT } from "./kept.ts";
import { DATABASE, STORES_VERSION } from "./stores.ts";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

precacheAndRoute(self.__WB_MANIFEST, { ignoreURLParametersMatching: [/.*/] });
cleanupOutdatedCaches();
const shell = createHandlerBoundToURL("/index.html");

self.addEventListener("message", event => {
  if ((event.data as { type?: string } | null)?.type === "SKIP_WAITING") void self.skipWaiting();
});

self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", event => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  const isPage = request.mode === "navigate" && url.pathname === "/";
  if (isPage) event.respondWith(shell({ event, request, url }));
  // Kept whole, or not at all; whoever wants the server's own says so.
  if (url.pathname.startsWith(FOLDER) && request.cache !== "no-store") event.respondWith(kept(request));
  // The page's own documents are in the queue before they are sent, under the key they are sent with.
  const isDocument = request.method === "POST" && url.pathname === "/api/v1/documents";
  if (isDocument && !request.headers.has("Idempotency-Key")) event.respondWith(sendOrQueue(request, url));
});

/** What was made available offline from its cache, the rest from the network. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(KEPT);
  return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}

/** The network first; without it the document is kept, and sent when the page is next open. */
async function sendOrQueue(request: Request, url: URL): Promise<Response> {
  const copy = request.clone();
  try {
    return await fetch(request);
  } catch (error) {
    const type = copy.headers.get("Content-Type") ?? "";
    if (type.startsWith("application/json")) throw error; // an address or base64: the caller has it still
    const { file, profile, priority, filename } = await documentOf(copy, url, type);
    const id = crypto.randomUUID().replaceAll("-", "");
    const timestamp = Date.now();
    const database = await openDB(DATABASE, STORES_VERSION);
    const transaction = database.transaction(["documents", "syncQueue"], "readwrite");
    const about = { id, filename, profile, priority, timestamp, size: file.size, type: file.type };
    await Promise.all([
      transaction.objectStore("documents").add({ ...about, document: file, result: null, synced: false }),
      transaction.objectStore("syncQueue").add({ id, action: "submit_document", timestamp, retries: 0 }),
      transaction.done,
    ]);
    database.close();
    const told = { status: "queued", id, message: "Queued for processing when online" };
    return Response.json(told, { status: 202 });
  }
}

async function documentOf(request: Request, url: URL, type: string) {
  const told = new Map(url.searchParams);
  let file: Blob;
  if (type.startsWith("multipart/")) {
    const form = await request.formData();
    const found = form.get("file");
    if (!(found instanceof File)) throw new TypeError("the form has no file");
    for (const [name, value] of form) if (typeof value === "string") told.set(name, value);
    told.set("filename", found.name);
    file = found;
  } else {
    file = await request.blob();
  }
  const { filename = "", profile = "auto", priority = "normal" } = Object.fromEntries(told);
  return { file, filename, profile, priority };
}
