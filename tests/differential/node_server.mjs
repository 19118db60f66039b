// Node's http as the application: a line of JSON for each request that it has read, and for each that it could not read.

import { createServer } from "node:http";

const hex = (text) => Buffer.from(text ?? "", "latin1").toString("hex");

function tell(request, status, body) {
  console.log(JSON.stringify({
    id: request?.headers["x-request-id"] ?? "",
    method: request?.method ?? "",
    target: hex(request?.url),
    body: body === null ? null : Buffer.concat(body).toString("hex"),
    status,
  }));
}

function serve(request, response) {
  const answer = (body) => {
    tell(request, 207, body);
    response.writeHead(207, { "Content-Length": 2 });
    response.end("ok");
  };
  if (request.url.startsWith("/early")) {
    answer(null);
    return;
  }
  const body = [];
  let whole = false;
  request.on("data", (piece) => body.push(piece));
  request.on("end", () => {
    whole = true;
    answer(body);
  });
  request.on("error", () => {}); // it was broken off: `close` tells
  request.on("close", () => whole || tell(request, 400, null));
}

const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, serve);
server.on("checkExpectation", serve); // Node would answer an Expect that it does not know by itself, and tell nobody
server.on("clientError", (error, socket) => {
  // A body that was broken off is told by its request already.
  if (error.code.startsWith("HPE_") && error.code !== "HPE_INVALID_EOF_STATE") {
    tell(null, 400, null);
  }
  socket.destroy();
});
server.listen(Number(process.argv[2]), "127.0.0.1");
