import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../clock.js";
import { createHttpClient } from "./http.js";
import { createRedaction } from "./redaction.js";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const redaction = createRedaction(["hunter22"]);
const client = createHttpClient({ clock: systemClock, userAgent: "test", redaction, random: () => 0 });

describe("http client", () => {
  test("gives status, headers and body, and parses JSON", async () => {
    const url = await serve((_request, response) => response.setHeader("x-a", "1").end('{"a":1}'));
    const answer = await client.request(`${url}/x`);
    expect(answer).toMatchObject({ status: 200, headers: { "x-a": "1" } });
    expect(answer.json()).toEqual({ a: 1 });
  });

  test("tells what an answer begins with when it is no JSON", async () => {
    const url = await serve((_request, response) => response.end("<html>hunter22 went wrong</html>"));
    const answer = await client.request(`${url}/x?key=hunter22`);
    expect(() => answer.json()).toThrow(
      `${url}/x did not answer with JSON; it begins with "<html>[secret] went wrong`,
    );
  });

  test.each(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const)(
    "sends a %s that has no body, and waits for none",
    async (method) => {
      const url = await serve((request, response) => {
        request.resume().on("end", () => response.setHeader("x-method", String(request.method)).end());
      });
      const answer = await client.request(url, { method, timeoutMs: 2_000, retries: 0 });
      expect(answer.headers["x-method"]).toBe(method);
    },
  );

  test("repeats a GET that met a fault, and never a POST", async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.statusCode = asked % 3 === 0 ? 200 : 503;
      response.end("ok");
    });
    expect((await client.request(url)).status).toBe(200);
    expect(asked).toBe(3);
    await expect(client.request(url, { method: "POST" })).rejects.toMatchObject({ code: "unavailable" });
    expect(asked).toBe(4);
  });

  test.each([
    [401, "authentication"],
    [403, "permission"],
    [404, "not-found"],
    [409, "conflict"],
    [422, "config"],
    [500, "unavailable"],
  ])("an answer of %d is a %s error with what the server said", async (status, code) => {
    const url = await serve((_request, response) => {
      response.statusCode = status;
      response.end("no way");
    });
    await expect(client.request(url, { retries: 0 })).rejects.toMatchObject({
      code,
      message: `GET ${url}/ answered ${status}: no way`,
    });
  });

  test("stops reading at its bound", async () => {
    const url = await serve((_request, response) => {
      const chunk = Buffer.alloc(65_536);
      const write = (): void => {
        while (response.write(chunk));
        response.once("drain", write);
      };
      write();
    });
    await expect(client.request(url, { maxBytes: 100_000 })).rejects.toThrow(
      "answered with more than 100000 bytes",
    );
  });

  test("gives up at its deadline, whatever the server does", async () => {
    const url = await serve(() => {});
    await expect(client.request(url, { timeoutMs: 50 })).rejects.toMatchObject({ code: "timeout" });
  });

  test("a fault that was met before time ran out is told, rather than the time", async () => {
    const gone = await serve((_request, response) => response.end());
    await new Promise((done) => servers.pop()?.close(done));
    const failure = await client
      .request(gone, { timeoutMs: 60, retries: 50 })
      .catch((error: unknown) => error);
    expect((failure as Error).message).toBe(`${gone} refused the connection`);
  });

  test("a body that is cut off is a fault", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setImmediate(() => response.destroy());
    });
    await expect(client.request(url, { retries: 0 })).rejects.toMatchObject({ code: "unavailable" });
  });

  test("follows redirects on the same origin alone, and at most three", async () => {
    const other = await serve((_request, response) => response.end("other"));
    const url = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (request.url === "/away") response.writeHead(302, { location: other }).end();
      else if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end();
      else response.end("here");
    });
    expect((await client.request(`${url}/3`)).body).toBe("here");
    await expect(client.request(`${url}/4`)).rejects.toThrow("redirects more than 3 times");
    await expect(client.request(`${url}/away`)).rejects.toThrow("redirects to another origin");
  });

  test("a throttled request is asked again once its host may be asked", async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(429, { "retry-after": "0" });
      response.end("ok");
    });
    let looks = 0;
    const hasty = { ...systemClock, monotonic: () => 1_000 * looks++ };
    const own = createHttpClient({ clock: hasty, userAgent: "test", redaction, random: () => 0 });
    expect((await own.request(url)).body).toBe("ok");
    expect(asked).toBe(2);
  });

  test("no error shows the query of an address, nor a secret", async () => {
    const url = await serve((_request, response) => {
      response.statusCode = 500;
      response.end("token hunter22 is wrong");
    });
    const failure = await client
      .request(`${url}/p?password=hunter22`, { retries: 0 })
      .catch((error: unknown) => error);
    expect(String((failure as Error).message)).toBe(`GET ${url}/p answered 500: token [secret] is wrong`);
  });
});
