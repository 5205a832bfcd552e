import "fake-indexeddb/auto";
import { openDB } from "idb";
import { beforeEach, expect, test, vi } from "vitest";
import { DatabaseShelf } from "../src/shelf.ts";
import { markOf, openStores } from "../src/stores.ts";

const NOW = Date.now();
const DAY = 86_400_000;
let name = "";

beforeEach(() => {
  vi.stubGlobal("navigator", {});
  name = crypto.randomUUID();
});

function shelfOf(tenant: string, key = "a key"): DatabaseShelf {
  return new DatabaseShelf(tenant, key, name);
}

function waiting(id: string, createdAt = NOW) {
  return {
    ...{ id, createdAt, filename: `${id}.html`, profile: "auto", options: { priority: "high" as const } },
    ...{ size: 8, type: "text/html", state: "waiting" as const, tries: 0, nextTryAt: 0 },
    ...{ jobId: null, error: null, read: null, hasFile: true },
  };
}

test("what waits outlives the page, with its bytes and what went wrong", async () => {
  const failed = {
    ...waiting("a"),
    state: "failed" as const,
    tries: 3,
    error: { code: "internal", message: "No." },
  };
  const before = shelfOf("acme");
  await before.put(waiting("a"), new Blob(["a letter"]));
  await before.put(failed);
  const after = shelfOf("acme");
  expect(await after.all()).toEqual([failed]);
  expect(await (await after.file("a"))?.text()).toBe("a letter");
});

test("the stores and indexes are the specification's", async () => {
  await shelfOf("acme").put(waiting("a"), new Blob(["a"]));
  const database = await openDB(name);
  expect([...database.objectStoreNames]).toEqual(["documents", "syncQueue"]);
  const { store } = database.transaction("documents");
  expect([...store.indexNames]).toEqual(["profile", "timestamp"]);
  expect(await database.getAll("syncQueue")).toMatchObject([
    { id: "a", action: "submit_document", retries: 0 },
  ]);
  database.close();
});

test("a result takes the document's place in the queue, and can be read when it is sent", async () => {
  const shelf = shelfOf("acme");
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
  await shelf.dropFileIfSent("a");
  expect(await shelf.result("a")).toEqual(result);
  expect(await (await shelf.file("a"))?.text()).toBe("a"); // its pages are nowhere else
  expect(await shelf.all()).toEqual([sent]);
});

test("what was taken back is not brought back by news of it", async () => {
  const shelf = shelfOf("acme");
  await shelf.put(waiting("a"), new Blob(["a"]));
  await shelf.remove("a");
  await shelf.put({ ...waiting("a"), tries: 1 });
  expect(await shelf.all()).toEqual([]);
});

test("what was sent long ago is forgotten; what waits is not", async () => {
  const shelf = shelfOf("acme");
  for (const [id, days] of Object.entries({ old: 15, older: 30, recent: 1 })) {
    const submission = waiting(id, NOW - days * DAY);
    await shelf.put(submission, new Blob([id]));
    if (id !== "older") await shelf.put({ ...submission, state: "sent" as const, jobId: id });
  }
  await shelf.dropFileIfSent("recent");
  expect((await shelf.all()).map(each => each.id)).toEqual(["older", "recent"]);
  expect(await (await shelf.file("older"))?.text()).toBe("older");
});

test("of results that were sent the newest are kept", async () => {
  const shelf = shelfOf("acme");
  for (let number = 0; number < 52; number += 1) {
    const submission = waiting(`${number}`, NOW + number);
    await shelf.put(submission, new Blob(["a"]));
    const sent = { ...submission, state: "sent" as const, jobId: `${number}` };
    await shelf.putResult(sent, { jobId: `${number}`, status: "completed" } as never);
  }
  await shelf.dropFileIfSent("51");
  expect(await shelf.result("1")).toBeNull();
  expect(await shelf.file("1")).toBeNull();
  expect(await shelf.result("2")).not.toBeNull();
  expect(await shelf.all()).toHaveLength(52);
});

test("another tenant's documents are neither shown nor sent, and are there when its key is used again", async () => {
  await shelfOf("acme").put(waiting("a"), new Blob(["a letter"]));
  expect(await shelfOf("zeta").all()).toEqual([]);
  await shelfOf("zeta").put(waiting("z"), new Blob(["another"]));
  expect(await shelfOf("acme", "a newer key").all()).toEqual([waiting("a")]);
});

test("what the service worker has taken belongs to the tenant of its key, and stays so", async () => {
  const database = await openStores(name);
  const { createdAt, ...about } = waiting("a");
  const owner = await markOf("the key");
  expect(owner).toMatch(/^key-[0-9a-f]{32}$/);
  const document = new Blob(["a letter"]);
  await database.put("documents", {
    ...about,
    owner,
    document,
    timestamp: createdAt,
    result: null,
    synced: false,
  });
  expect(await shelfOf("zeta", "another key").all()).toEqual([]);
  expect(await shelfOf("acme", "the key").all()).toEqual([waiting("a")]);
  expect(await shelfOf("acme", "a newer key").all()).toEqual([waiting("a")]);
  database.close();
});

test("what it took with other keys goes to their tenants as soon as the service says whose they are", async () => {
  const keys = { ours: "of acme", "of-another": "of zeta", unknown: "revoked" };
  const database = await openStores(name);
  for (const [id, key] of Object.entries(keys)) {
    const { createdAt, ...about } = waiting(id);
    const stored = {
      ...about,
      key,
      timestamp: createdAt,
      document: new Blob([id]),
      result: null,
      synced: false,
    };
    await database.put("documents", { ...stored, owner: await markOf(key) });
  }
  const shelf = shelfOf("acme", "the page's key");
  expect(await shelf.all()).toEqual([]);
  const heard = vi.fn();
  shelf.onChange(heard);
  const asked: string[] = [];
  const tenantOf = async (key: string) => {
    asked.push(key);
    return key.startsWith("of ") ? key.slice(3) : null;
  };
  await shelf.adopt(tenantOf);
  await shelf.adopt(tenantOf);
  expect(await shelf.all()).toEqual([waiting("ours")]);
  expect(await (await shelf.file("ours"))?.text()).toBe("ours");
  expect(await shelfOf("zeta", "its page's key").all()).toEqual([waiting("of-another")]);
  expect(asked.filter(key => key === "of acme")).toHaveLength(1);
  await vi.waitFor(() => expect(heard).toHaveBeenCalled()); // the page shows and sends it
  const left = (await database.getAll("documents")).map(each => each.key);
  expect(left.filter(Boolean)).toEqual(["revoked"]);
  database.close();
});

test("the service worker may come first: whoever opens the database makes its stores", async () => {
  (await openStores(name)).close();
  await shelfOf("acme").put(waiting("a"), new Blob(["a"]));
  expect(await shelfOf("acme").all()).toEqual([waiting("a")]);
});

test("other tabs hear of a change, and of what is removed", async () => {
  const shelf = shelfOf("acme");
  const heard: (string | null)[] = [];
  shelfOf("acme").onChange(removed => heard.push(removed));
  await shelf.put(waiting("a"), new Blob(["a"]));
  await shelf.remove("a");
  await vi.waitFor(() => expect(heard).toEqual([null, "a"]));
});
