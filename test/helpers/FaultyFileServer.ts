import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request is answered with; the server takes one a request, the last one again and again. */
export type Answer = (request: IncomingMessage, response: ServerResponse, server: FaultyFileServer) => void;

/** A real HTTP server on the loopback that serves one file and misbehaves as told. */
export class FaultyFileServer {
  content: Buffer;
  etag: string | undefined = '"one"';
  readonly requests: { url: string; range: string | undefined; ifRange: string | undefined }[] = [];
  readonly #answers: Answer[];
  readonly #server: Server;

  private constructor(content: Buffer, answers: Answer[]) {
    this.content = content;
    this.#answers = answers;
    this.#server = createServer((request, response) => {
      this.requests.push({
        url: request.url ?? '',
        range: request.headers.range,
        ifRange: request.headers['if-range']?.toString(),
      });
      const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
      (answer ?? good)(request, response, this);
    });
  }

  static async start(content: Buffer, ...answers: Answer[]): Promise<FaultyFileServer> {
    const server = new FaultyFileServer(content, answers);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** What the next requests are answered with, in the place of what was left. */
  answer(...answers: Answer[]): void {
    this.#answers.splice(0, this.#answers.length, ...answers);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Head and first byte of an honest answer: ranges are honoured where If-Range still fits. */
function begin(request: IncomingMessage, response: ServerResponse, server: FaultyFileServer): number {
  const { content, etag } = server;
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const isPart = from > 0 && from < content.length && request.headers['if-range'] === etag;
  const start = isPart ? from : 0;
  response.writeHead(isPart ? 206 : 200, {
    'content-length': content.length - start,
    ...(etag !== undefined && { etag }),
    ...(isPart && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  });
  return start;
}

export const good: Answer = (request, response, server) => {
  response.end(server.content.subarray(begin(request, response, server)));
};

/** Sends `bytes` of the body, then, when these have left and the client had time to read them, cuts the connection. */
export function cutAfter(bytes: number): Answer {
  return (request, response, server) => {
    const start = begin(request, response, server);
    response.write(server.content.subarray(start, start + bytes), () => {
      setTimeout(() => response.destroy(), 100);
    });
  };
}

/** Sends `bytes` of the body, then nothing more. */
export function stallAfter(bytes: number): Answer {
  return (request, response, server) => {
    const start = begin(request, response, server);
    response.write(server.content.subarray(start, start + bytes));
  };
}

/** Sends the body in `pieces` pieces, `pauseMs` apart. */
export function slowly(pieces: number, pauseMs: number): Answer {
  return (request, response, server) => {
    const body = server.content.subarray(begin(request, response, server));
    const size = Math.ceil(body.length / pieces);
    let sent = 0;
    const timer = setInterval(() => {
      response.write(body.subarray(sent, sent + size));
      sent += size;
      if (sent < body.length) return;
      clearInterval(timer);
      response.end();
    }, pauseMs);
    response.on('close', () => clearInterval(timer));
  };
}

export function status(code: number, headers: Record<string, string> = {}, body = 'no'): Answer {
  return (_request, response) => response.writeHead(code, headers).end(body);
}

export function redirect(location: string, headers: Record<string, string> = {}): Answer {
  return status(302, { location, ...headers }, '');
}

/** Answers a range request with a part that begins elsewhere. */
export const wrongRange: Answer = (_request, response, { content }) => {
  response.writeHead(206, { 'content-range': `bytes 5-${content.length - 1}/${content.length}` });
  response.end(content.subarray(5));
};

/** No length, no validator: a chunked body. */
export const chunked: Answer = (_request, response, { content }) => {
  response.writeHead(200, {});
  response.write(content.subarray(0, 100));
  response.end(content.subarray(100));
};

/** Claims `length` whatever the body has. */
export function claimLength(length: number): Answer {
  return (request, response, { content }) => {
    request.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nETag: "one"\r\n\r\n`);
    request.socket.write(content);
    request.socket.end();
    response.destroy();
  };
}

export const never: Answer = () => undefined;
