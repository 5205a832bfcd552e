// What the service no longer keeps when the client comes back. Follows a job and a channel, says so, and goes on
// once the service is there again. Arguments: its address, a key.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { NeuralDocFlowClient } from "@neuraldocflow/client";

const [url, key] = process.argv.slice(2);
const letter = number => new Blob([`<!DOCTYPE html><html><body><h1>Letter ${number}</h1></body></html>`]);
async function until(holds) {
  while (!holds()) await sleep(20);
}

const client = new NeuralDocFlowClient();
const results = [];
const errors = [];
client.onResult(({ jobId, status }) => results.push({ jobId, status }));
client.onError(error => errors.push(error));
const backoff = { firstMs: 50, mostMs: 500 };
// longer than a service that is killed takes to start on a busy machine
await client.connect(key, { url, backoff, requestTimeoutMs: 120_000 });

const job = await client.submit(letter(1), {}, "letter.html");
client.subscribeToJob(job);
const channel = [];
let gaps = 0;
await client.subscribeToChannel("results", ({ data }) => channel.push(data.jobId), { onGap: () => gaps++ });
console.log("follows");

const followed = [];
for await (const event of client.job(job)) followed.push(event);
assert.deepEqual(
  followed.filter(({ type }) => type === "result").map(({ data }) => data.jobId),
  [job],
);
await until(() => gaps > 0);
const other = await client.submit(letter(2), {}, "other.html");
await until(() => channel.includes(other)); // and what came before it is here
assert.deepEqual(results, [{ jobId: job, status: "completed" }]);
assert.equal(gaps, 1);
assert.deepEqual(errors, []);
client.disconnect();
console.log("done");
