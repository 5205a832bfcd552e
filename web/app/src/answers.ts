/** What the service has answered, kept by the service worker for the time without a connection. */
import { answersTo } from "./kept.ts";
import { markOf } from "./stores.ts";

/** Jobs, their results and pages, profiles: what a page needs to show what it has shown before. */
const KEPT = /^\/api\/v1\/(jobs|jobs\/[^/]+(\/result|\/pages\/\d+\.png)?|profiles|profiles\/[^/]+)$/;
const MOST = 200;
/** Milliseconds after which the answer that was kept is shown meanwhile: a service may be there and hang. */
const PATIENCE = 5_000;

export function isKept(request: Request, { pathname }: URL): boolean {
  return request.method === "GET" && request.headers.has("Authorization") && KEPT.test(pathname);
}

/** The service's answer; while it can't be reached or hangs, the last one it gave to the same key. `later` keeps an
 * answer without holding it up. */
export async function answered(request: Request, later: (work: Promise<void>) => void): Promise<Response> {
  const name = answersTo(await markOf(keyOf(request)));
  const before = async () => (await caches.open(name)).match(request.url, { ignoreVary: true });
  const asked = ask(request).then(answer => {
    if (answer.status === 200) later(keep(name, request.url, answer.clone()));
    if (answer.status === 401 && isProblem(answer)) later(caches.delete(name).then(() => {}));
    return answer;
  });
  const answer = await soonest(asked, PATIENCE);
  if (answer && isOfService(answer)) return answer;
  const kept = await before();
  if (kept) later(asked.then(() => {})); // the worker lives on until the answer has come and is kept
  return kept ?? asked;
}

/** What comes within some milliseconds, if it does. */
async function soonest<Made>(work: Promise<Made>, ms: number): Promise<Made | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** What comes back; without a connection the answer that pages hear of as a failed `fetch`. */
export function ask(request: Request): Promise<Response> {
  return fetch(request).catch(() => Response.error());
}

/** Whether the service itself has answered. Without a connection nobody has; and a proxy answers for a service
 * that is away, but not with a problem document. */
export function isOfService(answer: Response): boolean {
  return answer.type !== "error" && (isProblem(answer) || ![502, 503, 504].includes(answer.status));
}

function isProblem({ headers }: Response): boolean {
  return headers.get("Content-Type")?.startsWith("application/problem+json") ?? false;
}

/** The key a request comes with. */
export function keyOf(request: Request): string {
  return (request.headers.get("Authorization") ?? "").replace(/^Bearer\s+/i, "");
}

async function keep(name: string, url: string, answer: Response): Promise<void> {
  const cache = await caches.open(name);
  const fits = await cache.put(url, answer).then(
    () => true,
    () => false, // no room: the half that is older goes
  );
  const known = await cache.keys(); // those that came last are last
  const old = fits ? known.slice(0, -MOST) : known.slice(0, known.length / 2);
  await Promise.all(old.map(each => cache.delete(each)));
}
