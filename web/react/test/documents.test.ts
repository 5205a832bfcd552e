import {
  type ErrorCode,
  type NeuralDocFlowClient,
  NeuralDocFlowError,
  type ProcessingResult,
} from "@neuraldocflow/client";
import { expect, test, vi } from "vitest";
import { Documents } from "../src/documents.ts";
import { unknownJob } from "../src/entries.ts";
import { MemoryShelf } from "../src/memory.ts";
import { Outbox } from "../src/outbox.ts";
import type { Submission } from "../src/submissions.ts";

/** A client of which only this is used. */
function clientThat(does: object): NeuralDocFlowClient {
  const listeners = ["onConnectionStatus", "onProgress", "onResult", "onError"];
  const deaf = Object.fromEntries(listeners.map(name => [name, () => () => {}]));
  return { ...deaf, subscribeToJob() {}, ...does } as unknown as NeuralDocFlowClient;
}

/** One with channels, and the function that tells of its connection. */
function connectable(does: object) {
  let tell: (status: object) => void = () => {};
  const client = clientThat({
    onConnectionStatus: (listener: typeof tell) => {
      tell = listener;
      return () => {};
    },
    subscribeToChannel: async () => {},
    unsubscribeFromChannel() {},
    ...does,
  });
  return { client, connect: (status: object) => tell(status) };
}

/** One that was read on this device, whose result the service has too. */
const synced: Submission = {
  ...{ id: "a", filename: "a.pdf", profile: "auto", options: {}, size: 1, type: "", createdAt: 1 },
  ...{ state: "sent", tries: 0, nextTryAt: 0, jobId: "job-1", error: null, hasFile: true },
  read: { status: "completed", documentType: null, confidence: 1, contentType: null, pages: 1 },
};

test.each<ErrorCode>(["unreachable", "no_answer"])(
  "the result that was made here is shown while the service does not give its own: %s",
  async code => {
    const shelf = new MemoryShelf();
    const made = { jobId: "a", status: "completed" as const };
    await shelf.put(synced, new Blob(["a"]));
    await shelf.putResult(synced, made);
    const outbox = new Outbox(shelf, async () => "job-1");
    await vi.waitFor(() => expect(outbox.getSnapshot().submissions).toHaveLength(1));
    const result = async () => {
      throw new NeuralDocFlowError(code, "It is away.");
    };
    const documents = new Documents(clientThat({ result }), outbox, () => ({}));
    expect(await documents.result("job-1")).toEqual(made);
    await shelf.remove("a");
    await outbox.flush();
    await expect(documents.result("job-1")).rejects.toThrow("It has not been opened on this device");
  },
);

test("of a document that is followed from here its result says how sure it is, and what it was read as", async () => {
  let tell: (result: ProcessingResult) => void = () => {};
  const onResult = (listener: typeof tell) => {
    tell = listener;
    return () => {};
  };
  const outbox = new Outbox(new MemoryShelf(), async () => "job-1");
  const documents = new Documents(clientThat({ onResult }), outbox, () => ({}));
  const leave = documents.start();
  await outbox.add(new Blob(["a"]), "a.pdf", { profile: "auto", options: {} });
  await vi.waitFor(() => expect(documents.getSnapshot().documents[0]?.jobId).toBe("job-1"));
  tell({
    ...{ jobId: "job-1", status: "completed", metadata: { profile: "sec_10k" } },
    extractedData: { confidence: 0.93, documentType: "sec_10k", pages: 3 },
  });
  await vi.waitFor(() => expect(documents.getSnapshot().documents[0]?.status).toBe("completed"));
  const [found] = documents.getSnapshot().documents;
  expect(found).toMatchObject({ confidence: 0.93, profile: "sec_10k", pages: 3 });
  leave();
});

test("documents that are done in a heap, more than one look at the list shows, have their names and times", async () => {
  const listeners: ((event: object) => void)[] = [];
  const client = clientThat({
    subscribeToChannel: async (channel: string, listener: (event: object) => void) => {
      if (channel === "notifications") listeners.push(listener);
    },
    unsubscribeFromChannel() {},
    listJobs: async () => ({ jobs: [], next: null }),
  });
  const documents = new Documents(client, new Outbox(new MemoryShelf(), async () => ""), () => ({
    follow: "all",
  }));
  const leave = documents.start();
  const about = { documentType: "generic", error: null, status: "completed", type: "ProcessingCompleted" };
  const timestamp = "2024-05-01T10:00:00Z";
  const data = { ...about, jobId: "job-1", filename: "letter.html", timestamp };
  for (const tell of listeners) tell({ type: "notification", channel: "notifications", offset: "1", data });
  await vi.waitFor(() => expect(documents.getSnapshot().documents).toHaveLength(1));
  expect(documents.getSnapshot().documents[0]).toMatchObject({
    filename: "letter.html",
    createdAt: Date.parse(timestamp),
  });
  leave();
});

test("what was sent before and is not among the newest is not said to be queued: it is shown with older documents", async () => {
  const shelf = new MemoryShelf();
  await shelf.put({ ...synced, read: null }, new Blob(["a"]));
  const [newest, older] = ["job-2", "job-1"].map(job_id => ({ ...unknownJob(job_id), status: "completed" }));
  const { client, connect } = connectable({
    listJobs: async ({ after }: { after?: string }) =>
      after ? { jobs: [older], next: null } : { jobs: [newest], next: "older" },
  });
  const outbox = new Outbox(shelf, async () => "job-3");
  const documents = new Documents(client, outbox, () => ({ follow: "all" }));
  const leave = documents.start();
  const shown = () =>
    documents.getSnapshot().documents.map(({ filename, status }) => `${filename} ${status}`);
  await vi.waitFor(() => expect(shown()).toEqual(["a.pdf queued"])); // as far as is known without the service
  connect({ state: "connected" });
  await vi.waitFor(() => expect(shown()).toEqual(["Document without a name completed"]));
  await outbox.add(new Blob(["b"]), "b.pdf", { profile: "auto", options: {} });
  await vi.waitFor(() => expect(shown()).toEqual(["b.pdf queued", "Document without a name completed"]));
  await documents.more();
  await vi.waitFor(() => expect(shown()).toContain("a.pdf completed"));
  leave();
});

test("a page that is open for days lets go of what is done, but not of what was opened or sent from here", async () => {
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, each) => from + each);
  const job = (number: number) => ({ ...unknownJob(`job-${number}`), status: "completed" as const });
  const hear: ((event: object) => void)[] = [];
  let last = 0;
  let held = Promise.resolve();
  const asked: string[] = [];
  const client = clientThat({
    subscribeToChannel: async (channel: string, listener: (event: object) => void) => {
      if (channel === "notifications") hear.push(listener);
    },
    unsubscribeFromChannel() {},
    result: async (jobId: string) => ({ jobId, status: "completed" }),
    listJobs: async ({ after }: { after?: string }) => {
      const end = Number(after ?? last);
      const told = { jobs: numbers(end - 50, end).map(job), next: `${end - 50}` };
      if (after === undefined) return told;
      asked.push(after);
      await held;
      return told;
    },
  });
  const shelf = new MemoryShelf();
  const outbox = new Outbox(shelf, async () => "job-7");
  const documents = new Documents(client, outbox, () => ({ follow: "all" }));
  const leave = documents.start();
  const about = { documentType: "generic", error: null, status: "completed", type: "ProcessingCompleted" };
  const areDone = (from: number, to: number) => {
    last = to;
    for (const number of numbers(from, to)) {
      const data = {
        ...about,
        jobId: `job-${number}`,
        filename: "a.html",
        timestamp: new Date().toISOString(),
      };
      for (const tell of hear) tell({ type: "notification", channel: "notifications", offset: "1", data });
    }
  };
  const shown = () => new Set(documents.getSnapshot().documents.map(({ jobId }) => jobId));
  await outbox.add(new Blob(["a"]), "a.html", { profile: "auto", options: {} });
  areDone(0, 300);
  await vi.waitFor(() => expect(shown().size).toBe(300));
  await documents.result("job-3");
  areDone(300, 700);
  await vi.waitFor(() => expect(shown().size).toBe(52));
  expect([shown().has("job-3"), shown().has("job-7"), shown().has("job-699")]).toEqual([true, true, true]);
  expect(documents.getSnapshot().hasMore).toBe(true);
  await documents.more();
  await vi.waitFor(() => expect(shown().has("job-600")).toBe(true));

  let goOn = () => {};
  held = new Promise(done => {
    goOn = done;
  });
  const older = documents.more(); // and meanwhile it lets go again
  areDone(700, 1400);
  await vi.waitFor(() => expect(shown().has("job-1000")).toBe(true));
  await vi.waitFor(() => expect(shown().has("job-1000")).toBe(false));
  goOn();
  await older;
  await documents.more();
  expect(asked.at(-1)).toBe("1350");
  leave();
});

test("a list that was read before an event that came sooner sets nothing back", async () => {
  const job = { ...unknownJob("job-1"), status: "processing" as const, stage: "fields", progress: 0.6 };
  const lists = [
    job,
    { ...job, status: "queued" as const, stage: null, progress: 0 },
    { ...job, progress: 0.7 },
  ];
  const { client, connect } = connectable({
    listJobs: async () => ({ jobs: [lists[0]], next: "older" }),
  });
  const outbox = new Outbox(new MemoryShelf(), async () => "job-1");
  const documents = new Documents(client, outbox, () => ({ follow: "all" }));
  const leave = documents.start();
  const shown = () => documents.getSnapshot().documents.map(each => [each.status, each.progress]);
  const seen = new Set<unknown>();
  documents.subscribe(() => {
    for (const [status] of shown()) seen.add(status);
  });
  connect({ state: "connected" });
  await vi.waitFor(() => expect(shown()).toEqual([["processing", 0.6]]));
  lists.shift();
  await documents.more();
  await new Promise(done => setTimeout(done, 300)); // what is told is looked at a little later
  expect(shown()).toEqual([["processing", 0.6]]);
  lists.shift();
  await documents.more();
  await vi.waitFor(() => expect(shown()).toEqual([["processing", 0.7]]));
  expect([...seen]).toEqual(["processing"]);
  leave();
});
