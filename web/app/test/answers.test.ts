import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answered } from "../src/answers.ts";

/** The browser's caches, in memory. */
class Caches {
  readonly #all = new Map<string, Map<string, Response>>();

  async open(name: string) {
    const found = this.#all.get(name) ?? new Map<string, Response>();
    this.#all.set(name, found);
    return {
      match: async (url: string) => found.get(url)?.clone(),
      put: async (url: string, answer: Response) => void found.set(url, answer),
      keys: async () => [...found.keys()],
      delete: async (url: string) => found.delete(url),
    };
  }

  async delete(name: string) {
    return this.#all.delete(name);
  }
}

const request = new Request("http://service/api/v1/jobs", { headers: { Authorization: "Bearer a-key" } });
let works: Promise<void>[] = [];
const later = (work: Promise<void>) => void works.push(work);
const ask = async () => (await answered(request, later)).text();

beforeEach(() => {
  vi.stubGlobal("caches", new Caches());
  vi.stubGlobal("crypto", {}); // else the clock goes on before a key's mark is made
  vi.useFakeTimers();
  works = [];
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("while the service hangs its last answer is shown, and the next one is kept when it comes", async () => {
  vi.stubGlobal("fetch", async () => new Response("first"));
  expect(await ask()).toBe("first");
  await Promise.all(works);
  let go: (answer: Response) => void = () => {};
  vi.stubGlobal("fetch", () => new Promise<Response>(resolve => (go = resolve)));
  works = [];
  const asked = ask();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await asked).toBe("first");
  go(new Response("second"));
  for (let known = 0; known < works.length; ) {
    known = works.length; // the worker is kept for what begins meanwhile too
    await Promise.all(works);
  }
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("offline")));
  expect(await ask()).toBe("second");
});

test("what was never answered is waited for", async () => {
  vi.stubGlobal("fetch", async () => {
    await new Promise(done => setTimeout(done, 20_000));
    return new Response("late");
  });
  const asked = ask();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await asked).toBe("late");
  expect(vi.getTimerCount()).toBe(0);
});

test("an answer of the service is given at once, also where it refuses", async () => {
  vi.stubGlobal("fetch", async () => new Response("first"));
  await ask();
  await Promise.all(works);
  const headers = { "Content-Type": "application/problem+json" };
  vi.stubGlobal("fetch", async () => new Response("no", { status: 503, headers }));
  expect(await ask()).toBe("no");
  vi.stubGlobal("fetch", async () => new Response("a proxy's", { status: 503 }));
  expect(await ask()).toBe("first");
});
