// Puts letters into a stream and listens, to their results and to the channel of all results. One line of JSON for
// each it hears. Arguments: the service's address, a key, how many letters.
import { NeuralDocFlowClient } from "@neuraldocflow/client";

const [url, key, count] = process.argv.slice(2);
const say = told => console.log(JSON.stringify(told));
const client = new NeuralDocFlowClient();
const jobs = new Set();
const told = { result: new Set(), channel: new Set() };
let end = () => {};
const all = new Promise(resolve => {
  end = resolve;
});
function check() {
  if (
    jobs.size === Number(count) &&
    Object.values(told).every(heard => [...jobs].every(job => heard.has(job)))
  )
    end();
}
function hear(way, job) {
  say({ [way]: job });
  told[way].add(job);
  check();
}

client.onError(({ code, message }) => say({ error: code, message }));
client.onResult(({ jobId }) => hear("result", jobId));
const backoff = { firstMs: 50, mostMs: 500 };
// longer than a service that is killed again and again takes to start on a busy machine
await client.connect(key, { url, backoff, requestTimeoutMs: 120_000 });
const onGap = () => say({ gap: true });
const listen = ({ type, data }) => type === "result" && hear("channel", data.jobId);
await client.subscribeToChannel("results", listen, { onGap });
const stream = await client.startStream({ profile: "generic", window: 3 });
say({ stream });
await Promise.all(
  Array.from({ length: Number(count) }, async (_, number) => {
    const content = btoa(`<html><body><h1>Of a stream</h1><p>Number ${number}</p></body></html>`);
    const job = await client.streamDocument(stream, {
      source: "base64",
      content,
      filename: `stream-${number}.html`,
    });
    jobs.add(job);
    check();
  }),
);
await all;
client.stopStream(stream);
client.disconnect();
