// Every method of the client's interface once, against a real service. Arguments: its address, a key.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { NeuralDocFlowClient, NeuralDocFlowError } from "@neuraldocflow/client";

const [url, key] = process.argv.slice(2);
const letter = number => `<!DOCTYPE html><html><body><h1>Letter ${number}</h1></body></html>`;
const documentOf = (number, source = "base64") => {
  return {
    source,
    content: btoa(letter(number)),
    filename: `letter-${number}.html`,
    contentType: "text/html",
  };
};
const fails = (promise, code) =>
  assert.rejects(promise, error => {
    assert(error instanceof NeuralDocFlowError, String(error));
    assert.equal(error.code, code);
    return true;
  });
async function until(holds) {
  while (!holds()) await sleep(20);
}

const client = new NeuralDocFlowClient();
const heard = { progress: [], results: [], errors: [], states: [] };
client.onProgress(progress => heard.progress.push(progress));
client.onResult(result => heard.results.push(result));
client.onError(error => heard.errors.push(error));
client.onConnectionStatus(({ state }) => heard.states.push(state));
const resultsOf = job => heard.results.filter(({ jobId }) => jobId === job);

// connect
const request = { document: documentOf(1, "file"), profile: "generic", options: { streamResults: true } };
await fails(client.processDocument(request), "disconnected");
await fails(client.connect(key), "invalid_request");
await fails(client.connect(key, { url: "http://127.0.0.1:1" }), "unreachable");
for (const wrong of ["no key", ""]) await fails(client.connect(wrong, { url }), "unauthorized");
assert.deepEqual(
  heard.errors.map(({ code }) => code),
  ["unreachable", "unauthorized", "unauthorized"],
);

// keepTrying: after pauses that are random up to a limit that doubles, until it is told to stop
const backoff = { firstMs: 16, mostMs: 100 };
const pauses = [];
const forgets = client.onConnectionStatus(({ state, retryInMs, error }) => {
  if (state === "reconnecting") pauses.push([retryInMs, error.code]);
});
const trying = client.connect(key, { url: "http://127.0.0.1:1", keepTrying: true, backoff });
const tried = fails(trying, "disconnected");
await until(() => pauses.length >= 12);
client.disconnect();
await tried;
forgets();
for (const [attempt, [retryInMs, code]] of pauses.entries()) {
  const most = Math.min(100, 16 * 2 ** attempt);
  assert(most / 4 <= retryInMs && retryInMs <= most, `${attempt}: ${retryInMs}`);
  assert.equal(code, "unreachable");
}
assert(new Set(pauses.slice(3).map(([retryInMs]) => retryInMs)).size > 1);
heard.states.length = 0;
await client.connect(key, { url });
assert.deepEqual(heard.states, ["connecting", "connected"]);

// processDocument, subscribeToJob, onProgress, onResult
const job = await client.processDocument(request);
assert.equal(await client.processDocument({ ...request, document: documentOf(1) }), job);
client.subscribeToJob(job);
client.subscribeToJob(job);
await until(() => resultsOf(job).length > 0);
assert.equal(resultsOf(job)[0].status, "completed");
const progress = heard.progress.filter(({ jobId }) => jobId === job).map(each => each.progress);
assert(progress.length > 0);
assert.deepEqual(progress, progress.toSorted());

// processDocument: what a message can't hold goes as an upload
const large = { ...documentOf(4), content: btoa(letter(4).padEnd(7_000_000)) };
assert(large.content.length > 8 * 2 ** 20);
const long = await client.processDocument({ ...request, document: large });
for await (const { type, data } of client.job(long))
  if (type === "result") assert.equal(data.metadata.filename, "letter-4.html");

// unsubscribeFromJob: its result is not told, though it is there
const left = await client.processDocument({ ...request, document: documentOf(2) });
client.subscribeToJob(left);
client.unsubscribeFromJob(left);
for await (const event of client.job(left)) if (event.type === "result") assert.equal(event.data.jobId, left);
assert.equal((await client.result(left)).jobId, left);
assert.deepEqual(resultsOf(left), []);

// job: again, from its beginning and after an offset
const events = [];
for await (const event of client.job(job)) events.push(event);
assert.equal(events.at(-1).type, "result");
const later = [];
for await (const event of client.job(job, { fromOffset: events[0].offset })) later.push(event.data);
assert.deepEqual(
  later,
  events.slice(1).map(({ data }) => data),
);

// job: several at once, each from its own place, whichever is first
async function toldAfter(fromOffset) {
  const all = [];
  for await (const { data } of client.job(job, { fromOffset })) all.push(data);
  return all;
}
const places = [events[0].offset, undefined, events[1].offset, undefined];
for (const order of [places, places.toReversed()]) {
  const told = await Promise.all(order.map(toldAfter));
  const wanted = order.map(place => events.slice(events.findIndex(({ offset }) => offset === place) + 1));
  assert.deepEqual(
    told,
    wanted.map(each => each.map(({ data }) => data)),
  );
}

// errors by code
await fails(client.processDocument({ ...request, profile: "unheard-of" }), "unknown_profile");
await fails(client.submit(new Blob([letter(3)]), { profile: "unheard-of" }, "a.html"), "unknown_profile");
await fails(client.process(new File(["%PDF-1.7\n"], "cut.pdf")), "corrupt");
await fails(client.getJob("no-such-job"), "invalid_request");
client.subscribeToJob("no-such-job");
await until(() => heard.errors.some(({ jobId }) => jobId === "no-such-job"));

// startStream, stopStream
const stream = await client.startStream({ profile: "generic", window: 2 });
const numbers = [10, 11, 12, 13, 14, 15];
const huge = number => ({ ...documentOf(number), content: btoa(letter(number).padEnd(13_000_000)) });
const wrong = { ...documentOf(16), content: "!".repeat(8 * 2 ** 20 + 4) };
const refused = Array.from({ length: 5 }, () =>
  fails(client.streamDocument(stream, wrong), "invalid_request"),
);
await Promise.all(refused); // they leave room for others
const put = number => client.streamDocument(stream, number === 12 ? huge(number) : documentOf(number));
const jobs = await Promise.all(numbers.map(put));
assert.equal((await client.getJob(jobs[2])).filename, "letter-12.html");
await until(() => jobs.every(each => resultsOf(each).length === 1));
client.stopStream(stream);
await fails(client.streamDocument(stream, documentOf(16)), "invalid_request");

// disconnect ends what waits, and nothing keeps Node from ending
const next = client.job(left).next();
client.disconnect();
await fails(next, "disconnected");
assert.equal(heard.states.at(-1), "disconnected");
await fails(client.processDocument(request), "disconnected");
assert.equal(resultsOf(job).length, 1);
console.log("done");
