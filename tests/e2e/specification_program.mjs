// A program around the specification's client, as its React hook uses it: submits, subscribes, and says what it
// hears, one line of JSON each. Arguments: the compiled client, where `ws` is, the gateway's port, a key.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [compiled, workspace, port, key] = process.argv.slice(2);
const Package = createRequire(workspace)("ws");
const say = told => console.log(JSON.stringify(told));

// api.neuraldocflow.com is the gateway of this test; the path and the key are as the client has them.
globalThis.WebSocket = class extends Package {
  constructor(address) {
    const { protocol, host, pathname, search } = new URL(address);
    say({ asked: `${protocol}//${host}${pathname}` });
    super(`ws://127.0.0.1:${port}${pathname}${search}`);
  }
};
let number = 0;
globalThis.generateId = () => `message-${++number}`;
const { NeuralDocFlowClient } = await import(pathToFileURL(compiled));

class Client extends NeuralDocFlowClient {
  constructor() {
    super();
    this.messageHandlers = new Map();
    this.subscriptions = new Set();
    this.heard = { progress: [], result: [], error: [] };
  }

  onProgress(callback) {
    this.heard.progress.push(callback);
  }

  onResult(callback) {
    this.heard.result.push(callback);
  }

  onError(callback) {
    this.heard.error.push(callback);
  }

  handleEvent({ payload }) {
    for (const callback of this.heard[payload.event] ?? []) callback(payload.data);
  }

  handleError({ payload }) {
    for (const callback of this.heard.error) callback(payload);
  }

  ask(type, payload) {
    const id = generateId();
    this.ws.send(JSON.stringify({ id, type, payload }));
    return new Promise(resolve => this.messageHandlers.set(id, resolve));
  }

  subscribeToJob(job_id) {
    this.subscriptions.add(job_id);
    return this.ask("subscribe", { job_id });
  }

  unsubscribeFromJob(job_id) {
    this.subscriptions.delete(job_id);
    return this.ask("unsubscribe", { job_id });
  }

  async startStream(config) {
    return (await this.ask("start_stream", config)).payload.stream_id;
  }

  stopStream(stream_id) {
    return this.ask("stop_stream", { stream_id });
  }

  disconnect() {
    this.ws.close();
  }
}

const client = new Client();
const ended = new Promise(resolve => client.onResult(resolve));
client.onProgress(({ jobId, stage, progress }) => say({ progress, stage, jobId }));
client.onResult(({ jobId, status }) => say({ status, jobId }));
client.onError(error => say({ error }));
await client.connect(key);

const content = readFileSync(0).toString("base64");
for (const source of ["file", "base64"]) {
  const document = { source, content, filename: "letter.html", contentType: "text/html" };
  const jobId = await client.processDocument({ document, profile: "generic", options: { streamResults: true } });
  await client.subscribeToJob(jobId);
  say({ submitted: jobId });
  await ended;
  await client.unsubscribeFromJob(jobId);
}
try {
  await client.processDocument({ document: { source: "base64", content }, profile: "unheard-of", options: {} });
} catch (error) {
  say({ refused: error.message });
}
const stream = await client.startStream({ profile: "generic" });
say({ stopped: (await client.stopStream(stream)).payload.stream_id === stream });
client.ws.send(JSON.stringify({ id: "wrong", type: "request", payload: { action: "no_such_action" } }));
await new Promise(resolve => client.onError(resolve));
client.disconnect();
