import "fake-indexeddb/auto";
import { openDB } from "idb";
import { beforeEach, expect, test, vi } from "vitest";
import { DatabaseShelf } from "../src/shelf.ts";

const NOW = Date.now();
const DAY = 86_400_000;
let name = "";

beforeEach(() => {
  vi.stubGlobal("navigator", {});
  name = crypto.randomUUID();
});

function waiting(id: string, createdAt = NOW) {
  return {
    ...{ id, createdAt, filename: `${id}.html`, profile: "auto", priority: "high" as const },
    ...{ size: 8, type: "text/html", state: "waiting" as const, tries: 0, nextTryAt: 0 },
    ...{ jobId: null, error: null, read: null },
  };
}

test("what waits outlives the page, with its bytes and what went wrong", async () => {
  const failed = {
    ...waiting("a"),
    state: "failed" as const,
    tries: 3,
    error: { code: "internal", message: "No." },
  };
  const before = new DatabaseShelf(name);
  await before.put(waiting("a"), new Blob(["a letter"]));
  await before.put(failed);
  const after = new DatabaseShelf(name);
  expect(await after.all()).toEqual([failed]);
  expect(await (await after.file("a"))?.text()).toBe("a letter");
});

test("the stores and indexes are the specification's", async () => {
  await new DatabaseShelf(name).put(waiting("a"), new Blob(["a"]));
  const database = await openDB(name);
  expect([...database.objectStoreNames]).toEqual(["documents", "syncQueue"]);
  const { store } = database.transaction("documents");
  expect([...store.indexNames]).toEqual(["profile", "timestamp"]);
  expect(await database.getAll("syncQueue")).toMatchObject([
    { id: "a", action: "submit_document", retries: 0 },
  ]);
  database.close();
});

test("a result takes the document's place in the queue, and goes when it is sent", async () => {
  const shelf = new DatabaseShelf(name);
  await shelf.put(waiting("a"), new Blob(["a"]));
  const read = {
    status: "completed" as const,
    documentType: null,
    confidence: 0.9,
    contentType: null,
    pages: 1,
  };
  const result = { jobId: "a", status: "completed" } as never;
  await shelf.putResult({ ...waiting("a"), read }, result);
  expect(await shelf.result("a")).toEqual(result);
  expect(await shelf.all()).toEqual([{ ...waiting("a"), read }]);
  const sent = { ...waiting("a"), read, state: "sent" as const, jobId: "job" };
  await shelf.put(sent);
  await shelf.dropFile("a");
  expect(await shelf.result("a")).toBeNull();
  expect(await shelf.file("a")).toBeNull();
  expect(await shelf.all()).toEqual([sent]);
});

test("what was taken back is not brought back by news of it", async () => {
  const shelf = new DatabaseShelf(name);
  await shelf.put(waiting("a"), new Blob(["a"]));
  await shelf.remove("a");
  await shelf.put({ ...waiting("a"), tries: 1 });
  expect(await shelf.all()).toEqual([]);
});

test("what was sent long ago is forgotten; what waits is not", async () => {
  const shelf = new DatabaseShelf(name);
  for (const [id, days] of Object.entries({ old: 15, older: 30, recent: 1 })) {
    const submission = waiting(id, NOW - days * DAY);
    await shelf.put(submission, new Blob([id]));
    if (id !== "older") await shelf.put({ ...submission, state: "sent" as const, jobId: id });
  }
  await shelf.dropFile("recent");
  expect((await shelf.all()).map(each => each.id)).toEqual(["older", "recent"]);
  expect(await (await shelf.file("older"))?.text()).toBe("older");
});

test("other tabs hear of a change", async () => {
  const shelf = new DatabaseShelf(name);
  const heard = new Promise<void>(resolve => new DatabaseShelf(name).onChange(resolve));
  await shelf.put(waiting("a"), new Blob(["a"]));
  await heard;
});
