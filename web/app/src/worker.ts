/** The service worker: the page and what was made available offline from their caches, answers that were had
 * before, and documents sent without a connection into the queue. */
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { answered, isKept } from "./answers.ts";
import { FOLDER, KEPT } from "./kept.ts";
import { isDocument, sendOrQueue } from "./queue.ts";

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
  if (isKept(request, url)) event.respondWith(answered(request, work => event.waitUntil(work)));
  if (isDocument(request, url)) event.respondWith(sendOrQueue(request, url));
});

/** What was made available offline from its cache, the rest from the network. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(KEPT);
  return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}
