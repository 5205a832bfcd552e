import { type ErrorCode, type NeuralDocFlowClient, NeuralDocFlowError } from "@neuraldocflow/client";
import { expect, test, vi } from "vitest";
import { Documents } from "../src/documents.ts";
import { MemoryShelf } from "../src/memory.ts";
import { Outbox, type Submission } from "../src/outbox.ts";

/** A client of which only this is used. */
function clientThat(does: object): NeuralDocFlowClient {
  const listeners = ["onConnectionStatus", "onProgress", "onResult", "onError"];
  const deaf = Object.fromEntries(listeners.map(name => [name, () => () => {}]));
  return { ...deaf, subscribeToJob() {}, ...does } as unknown as NeuralDocFlowClient;
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
