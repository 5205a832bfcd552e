import { NeuralDocFlowError, type ProcessingResult } from "@neuraldocflow/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MemoryShelf } from "../src/memory.ts";
import { Outbox } from "../src/outbox.ts";
import { type LocalReader, Reading } from "../src/reading.ts";
import type { Submission } from "../src/submissions.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const NO_ROOM = new NeuralDocFlowError("too_large", "The browser has no room left.");

/** A shelf without room for results; where it is full, for nothing new. */
class Narrow extends MemoryShelf {
  isFull = false;

  override async put(submission: Submission, file?: Blob): Promise<void> {
    if (this.isFull) throw NO_ROOM;
    return super.put(submission, file);
  }

  override async putResult(): Promise<void> {
    throw NO_ROOM;
  }
}

/** A page without a connection that reads what is added; how often it has. */
async function offline(shelf: MemoryShelf) {
  let reads = 0;
  const reader: LocalReader = {
    reads: () => true,
    read: async (_, { id }) => {
      reads += 1;
      await new Promise(done => setTimeout(done, 5_000));
      return { jobId: id, status: "completed" } as ProcessingResult;
    },
    page: async () => new Blob(),
    onChange: () => () => {},
  };
  const outbox = new Outbox(shelf, async () => {
    throw new NeuralDocFlowError("unreachable", "No connection.");
  });
  const reading = new Reading(outbox, reader);
  const stop = reading.start();
  reading.connection({ state: "reconnecting" });
  await outbox.add(new Blob(["a letter"]), "letter.html", { profile: "auto", options: {} });
  return { outbox, stop, reads: () => reads };
}

test("a document is read once where its result can be kept", async () => {
  const { outbox, stop, reads } = await offline(new MemoryShelf());
  await vi.advanceTimersByTimeAsync(600_000);
  expect(reads()).toBe(1);
  expect(outbox.getSnapshot().submissions[0]).toMatchObject({
    state: "waiting",
    read: { status: "completed" },
  });
  stop();
});

test("one whose result has no room is read once too, and says that it will be sent", async () => {
  const { outbox, stop, reads } = await offline(new Narrow());
  await vi.advanceTimersByTimeAsync(600_000);
  expect(reads()).toBe(1);
  const [found] = outbox.getSnapshot().submissions;
  expect(found).toMatchObject({ state: "waiting", read: null, error: { code: "too_large" } });
  stop();
});

test("where there is no room to note even that, it is not read again by this page", async () => {
  const shelf = new Narrow();
  const { stop, reads } = await offline(shelf);
  shelf.isFull = true;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(reads()).toBe(1);
  stop();
});
