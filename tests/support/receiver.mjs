// A receiver of webhooks as its documentation has it: each request is verified with the public library.
// node receiver.mjs SECRET; prints its port, then a line of JSON for each request.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.argv[2]);
const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    try {
      const event = webhook.verify(Buffer.concat(chunks).toString(), request.headers);
      console.log(JSON.stringify({ id: request.headers["webhook-id"], event: event.id, type: event.type }));
      response.writeHead(204).end();
    } catch (error) {
      console.log(JSON.stringify({ refused: String(error) }));
      response.writeHead(400).end();
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
