import { expect, test } from "vitest";
import { NeuralDocFlowClient } from "../src/client.ts";

test("before it is connected every request is rejected; none throws at once, past whoever awaits it", async () => {
  const client = new NeuralDocFlowClient();
  const asked: Record<string, () => Promise<unknown>> = {
    submit: () => client.submit(new Blob(["a letter"])),
    submitAddress: () => client.submit(new URL("https://documents.example/a.pdf")),
    process: () => client.process(new Blob(["a letter"])),
    getJob: () => client.getJob("a"),
    listJobs: () => client.listJobs(),
    cancel: () => client.cancel("a"),
    retry: () => client.retry("a"),
    result: () => client.result("a"),
    annotated: () => client.annotated("a"),
    page: () => client.page("a", 1),
    profiles: () => client.profiles(),
    profile: () => client.profile("generic"),
    syncResults: () => client.syncResults([]),
    startStream: () => client.startStream({}),
  };
  for (const [name, ask] of Object.entries(asked)) {
    let answer: Promise<unknown> | null = null;
    expect(() => (answer = ask().catch(error => error.code)), name).not.toThrow();
    expect(await answer, name).toBe("disconnected");
  }
});

test("with a key that was refused a job can't be followed: nothing would ever come", async () => {
  const client = new NeuralDocFlowClient();
  await expect(client.connect("", { url: "http://service" })).rejects.toThrow();
  await expect(client.job("a").next()).rejects.toMatchObject({ code: "unauthorized" });
});
