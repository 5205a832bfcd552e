// A large message over a line that is slow, and then dead. Says so and reads a line before it goes on. Arguments: the
// line's address, a key.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { NeuralDocFlowClient } from "@neuraldocflow/client";

const [url, key] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin });
const client = new NeuralDocFlowClient();
const states = [];
client.onConnectionStatus(({ state }) => states.push(state));
const backoff = { firstMs: 60_000, mostMs: 60_000 };
await client.connect(key, { url, pingMs: 1_500, requestTimeoutMs: 1_000, backoff });
const content = btoa(`<html><body><p>Large</p><!-- ${"x".repeat(6_000_000)} --></body></html>`);
const document = { source: "base64", content, filename: "slow.html" };
assert.ok(await client.processDocument({ document, profile: "generic", options: {} }));
assert.deepEqual(states, ["connecting", "connected"]);

console.log("it is dead");
await lines[Symbol.asyncIterator]().next();
while (!states.includes("reconnecting")) await sleep(50);
client.disconnect();
lines.close();
console.log("done");
process.exit(); // the line would be waited for
