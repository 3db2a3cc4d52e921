// Asks as Node's fetch and its older http module do: node fetch.mjs BASE_URL BODY. One line an answer: name, base64.
import http from "node:http";

const [base, body] = process.argv.slice(2);
const url = base + "/getChatRoomMember";

function report(name, bytes) {
  console.log(`${name} ${Buffer.from(bytes).toString("base64")}`);
}

async function fetched(options) {
  const answer = await fetch(url, { method: "POST", body, ...options });
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

function chunked() {
  const pieces = [...body].map((c) => new TextEncoder().encode(c));
  return new ReadableStream({
    pull(stream) {
      pieces.length ? stream.enqueue(pieces.shift()) : stream.close();
    },
  });
}

function expecting(agent) {
  return new Promise((resolve, reject) => {
    const headers = { Expect: "100-continue", "Content-Length": Buffer.byteLength(body) };
    const request = http.request(url, { method: "POST", agent, headers, timeout: 20000 });
    request.on("continue", () => request.end(body));
    request.on("timeout", () => request.destroy(new Error("no 100 Continue")));
    request.on("error", reject);
    request.on("response", async (answer) => {
      const parts = [];
      for await (const part of answer) parts.push(part);
      resolve(Buffer.concat(parts));
    });
    request.flushHeaders();
  });
}

for (let i = 0; i < 10; ++i) report("keep-alive", await fetched({}));
report("closing", await fetched({ headers: { Connection: "close" } }));
report("chunked", await fetched({ body: chunked(), duplex: "half" }));
report("parallel", (await Promise.all(Array.from({ length: 8 }, () => fetched({}))))[7]);
const agent = new http.Agent({ keepAlive: true });
report("expect", await expecting(agent));
report("expect", await expecting(agent));
agent.destroy();
