// Sends letters and follows each to its result, as a program that uses the client does. One line of JSON an
// event. Arguments: the service's address, a key, how many letters.
import { NeuralDocFlowClient } from "@neuraldocflow/client";

const [url, key, count] = process.argv.slice(2);
const say = told => console.log(JSON.stringify(told));
const client = new NeuralDocFlowClient();
client.onConnectionStatus(({ state }) => say({ status: state }));
const backoff = { firstMs: 50, mostMs: 500 };
// longer than a service that is killed again and again takes to start on a busy machine
await client.connect(key, { url, backoff, requestTimeoutMs: 120_000 });

async function follow(number) {
  const letter = `<!DOCTYPE html><html><body><h1>Letter ${number}</h1><p>Number ${number}</p></body></html>`;
  const job = await client.processDocument({
    document: { source: "base64", content: btoa(letter), filename: `letter-${number}.html` },
    profile: "generic",
    options: {},
  });
  for await (const { type, offset, data } of client.job(job)) {
    say({ job, type, offset, name: data.type ?? data.stage ?? data.status });
  }
}

await Promise.all(Array.from({ length: Number(count) }, (_, number) => follow(number)));
client.disconnect();
