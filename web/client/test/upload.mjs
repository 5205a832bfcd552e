// Uploads a large document, tells how far it is, and waits for the result. Arguments: the service's address, a key.
import { NeuralDocFlowClient } from "@neuraldocflow/client";

const [url, key] = process.argv.slice(2);
const say = told => console.log(JSON.stringify(told));
const client = new NeuralDocFlowClient();
const backoff = { firstMs: 50, mostMs: 500 };
// longer than a service that is killed takes to start on a busy machine
await client.connect(key, { url, backoff, requestTimeoutMs: 120_000 });
const spaces = new Uint8Array(2 ** 20).fill(32);
const document = new Blob([
  "<html><body><h1>Large</h1>",
  ...Array(40).fill(spaces),
  "<p>The end.</p></body></html>",
]);
const job = await client.submit(
  document,
  { profile: "generic", onUpload: sent => say({ sent }) },
  "large.html",
);
say({ job });
for await (const { type, data } of client.job(job)) {
  if (type === "result") say({ status: data.status, bytes: data.metadata.bytes });
}
client.disconnect();
