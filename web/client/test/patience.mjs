// Signals that abort, and requests to a service that does not answer. Says where it is and reads a line before it
// goes on: meanwhile the service is stopped or goes on. Arguments: its address, a key.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { NeuralDocFlowClient } from "@neuraldocflow/client";

const [url, key] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const gate = async name => {
  console.log(name);
  await lines.next();
};
const aborted = { name: "AbortError" };
const letter = number => new Blob([`<html><body><h1>Letter ${number}</h1></body></html>`]);
const base64 = number => ({
  source: "base64",
  content: btoa(`<html><p>${number}</p></html>`),
  filename: "a.html",
});
const hasAborted = AbortSignal.abort();
const inAMoment = () => AbortSignal.timeout(100);
const late = { name: "TimeoutError" };

const client = new NeuralDocFlowClient();
await assert.rejects(client.connect(key, { url, signal: hasAborted }), aborted);
const errors = [];
client.onError(({ code }) => errors.push(code));
await client.connect(key, { url, connectTimeoutMs: 60_000 });
const hasty = new NeuralDocFlowClient();
hasty.onError(({ code }) => errors.push(code));
await hasty.connect(key, { url, requestTimeoutMs: 500, connectTimeoutMs: 60_000 });
await assert.rejects(client.submit(letter(1), { signal: hasAborted }), aborted);
await assert.rejects(client.job("any", { signal: hasAborted }).next(), aborted);
const job = await client.submit(letter(2), {}, "letter.html");

const stream = await client.startStream({ profile: "generic" });

await gate("stop the job");
const waits = await client.submit(letter(3), {}, "waits.html");
await assert.rejects(async () => {
  for await (const _ of client.job(waits, { signal: inAMoment() }));
}, late);

await gate("stop the service");
const request = { document: base64(4), profile: "generic", options: {} };
await assert.rejects(hasty.processDocument(request), { code: "no_answer", retryable: true });
await assert.rejects(hasty.getJob(job), { code: "no_answer" });
await assert.rejects(hasty.startStream({ profile: "generic" }), { code: "no_answer" });
const requests = [
  signal => client.submit(letter(5), { signal }),
  signal => client.submit(new URL("http://127.0.0.1:1/a.pdf"), { signal }),
  signal => client.process(letter(5), { signal }),
  signal => client.processDocument(request, signal),
  signal => client.startStream({ profile: "generic" }, signal),
  signal => client.streamDocument(stream, base64(6), signal),
  signal => client.getJob(job, signal),
  signal => client.listJobs({ signal }),
  signal => client.cancel("no-such-job", signal),
  signal => client.retry("no-such-job", signal),
  signal => client.result(job, signal),
  signal => client.annotated(job, signal),
  signal => client.page(job, 1, signal),
  signal => client.profiles(signal),
  signal => client.profile("generic", signal),
  signal => client.syncResults([], signal),
];
await Promise.all(requests.map(ask => assert.rejects(ask(inAMoment()), late, String(ask))));
const another = new NeuralDocFlowClient();
await assert.rejects(another.connect(key, { url, connectTimeoutMs: 300 }), { code: "unreachable" });
await assert.rejects(another.connect(key, { url, signal: inAMoment() }), late);

await gate("go on");
// What had no answer can be asked again: the same document is the same job.
const answered = async () => {
  for (;;) {
    try {
      return await hasty.processDocument(request);
    } catch (error) {
      if (!error.retryable) throw error;
    }
  }
};
const [first, second] = [await answered(), await answered()];
assert.equal(first, second);
for (const each of [job, waits, first]) {
  for await (const { type, data } of client.job(each))
    if (type === "result") assert.equal(data.status, "completed");
}
assert.deepEqual(errors, []);
for (const each of [client, hasty]) each.disconnect();
console.log("done");
