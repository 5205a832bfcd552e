import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { NeuralDocFlowClient } from "../src/client.ts";
import { Http } from "../src/http.ts";

const PATIENT_MS = 60_000;
let end = () => {};

afterEach(() => end());

async function serving(answer: (to: ServerResponse) => void): Promise<AddressInfo> {
  const server = createServer((_, response) => answer(response));
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  end = () => {
    server.closeAllConnections();
    server.close();
  };
  return server.address() as AddressInfo;
}

/** A service that answers each request so. */
async function answering(answer: (to: ServerResponse) => void, timeoutMs = PATIENT_MS): Promise<Http> {
  const { port } = await serving(answer);
  return new Http(`http://127.0.0.1:${port}`, "a key", timeoutMs, () => {});
}

/** The head and half of the body. */
function begin(response: ServerResponse): void {
  response.writeHead(202, { "Content-Type": "application/json", "Content-Length": "20" });
  response.write('{"job_id":');
}

test("an answer whose connection breaks in its midst is one that did not come", async () => {
  const http = await answering(response => {
    begin(response);
    setTimeout(() => response.destroy(), 50); // the head is on its way by then
  });
  await expect(http.json("/")).rejects.toMatchObject({ code: "unreachable", retryable: true });
});

test("an answer that stops in its midst is waited for no longer than one that does not begin", async () => {
  const http = await answering(begin, 200);
  await expect(http.json("/")).rejects.toMatchObject({ code: "no_answer" });
});

test("what is large has the time that a slow line needs for it", async () => {
  const http = await answering(response => setTimeout(() => response.end("{}"), 600), 300);
  const large = "x".repeat(1_200_000);
  expect(await http.json("/", { method: "POST", body: large })).toEqual({});
  await expect(http.json("/", { method: "POST", body: "x" })).rejects.toMatchObject({ code: "no_answer" });
});

test("a signal ends an answer in its midst", async () => {
  const stop = new AbortController();
  const http = await answering(response => {
    begin(response);
    setTimeout(() => stop.abort(new Error("Enough.")), 50);
  });
  await expect(http.json("/", { signal: stop.signal })).rejects.toThrow("Enough.");
});

test("what is no JSON was not answered by the service", async () => {
  const http = await answering(response => response.end("<html>Log in to this network</html>"));
  await expect(http.json("/")).rejects.toMatchObject({ code: "unreachable" });
});

test("an answer that comes in pieces is whole, with its type", async () => {
  const http = await answering(response => {
    begin(response);
    setTimeout(() => response.end(' "job-1"}'.padEnd(10)), 10);
  });
  const { status, body } = await http.send("/");
  expect([status, body.type, await body.text()]).toEqual([202, "application/json", '{"job_id": "job-1"} ']);
});

test("what no request can carry is not taken for a service that is away", async () => {
  const http = await answering(response => response.end("{}"));
  const headers = { "Idempotency-Key": "договор-1" };
  await expect(http.json("/", { headers })).rejects.toMatchObject({
    code: "invalid_request",
    retryable: false,
  });
  const client = new NeuralDocFlowClient();
  for (const url of ["documents.example", "localhost:8080"])
    await expect(client.connect("a key", { url })).rejects.toMatchObject({ code: "invalid_request" });
});

test("a proxy that wants a login of its own says nothing of the key", async () => {
  const told: string[] = [];
  const asked = async (type: string, body: string) => {
    const { port } = await serving(response => {
      response.writeHead(401, { "Content-Type": type });
      response.end(body);
    });
    const http = new Http(`http://127.0.0.1:${port}`, "a key", PATIENT_MS, ({ code }) => told.push(code));
    await expect(http.json("/")).rejects.toMatchObject({ code: "unauthorized" });
    end();
  };
  await asked("text/html", "<html>Log in</html>");
  expect(told).toEqual([]);
  await asked("application/problem+json", '{"code": "unauthorized"}');
  expect(told).toEqual(["unauthorized"]);
});
