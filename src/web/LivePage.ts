import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import { extname } from 'node:path';
import { EffvitError } from '../core/EffvitError.js';
import { EventStream } from './EventStream.js';
import type { LiveFeed } from './LiveFeed.js';

/** Most browsers that listen at the same time. */
const MOST_STREAMS = 16;
const MOST_CONNECTIONS = 64;
const REQUEST_LIMIT_MS = 10_000;
/** Connections that stay open are closed after this time. */
const CLOSE_LIMIT_MS = 1000;

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

const FILES: Readonly<Record<string, string>> = {
  '/': './page/live.html',
  '/base.css': './page/base.css',
  '/live.css': './page/live.css',
  '/mithril.js': 'mithril/mithril.min.js',
  '/parts.js': './page/parts.js',
  '/liveView.js': './page/liveView.js',
  '/live.js': './page/live.js',
  '/icon.svg': './page/icon.svg',
};
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface LivePageOptions {
  readonly feed: LiveFeed;
  /** From 1 to 65535; 0 lets the system choose. */
  readonly port: number;
  /** An address of this machine, or its name; 0.0.0.0 and :: mean all addresses. */
  readonly address: string;
}

/** The live page over HTTP: its files, the events, and the newest picture of each camera. It is read-only. */
export class LivePage {
  readonly #server: Server;
  readonly #feed: LiveFeed;
  readonly #options: LivePageOptions;

  private constructor(options: LivePageOptions) {
    this.#options = options;
    this.#feed = options.feed;
    this.#server = createServer((request, response) => {
      try {
        this.#answer(request, response);
      } catch {
        // A request must not end the node, whatever is wrong with it or the machine.
        if (response.headersSent) response.destroy();
        else refuse(response, 500, 'This cannot be answered now.');
      }
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.requestTimeout = REQUEST_LIMIT_MS;
    this.#server.headersTimeout = REQUEST_LIMIT_MS;
    // Errors of a broken client are ignored.
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Listens. @throws EffvitError IO_FAILED: the port is taken, or the address is not this machine's. */
  static async start(options: LivePageOptions): Promise<LivePage> {
    const page = new LivePage(options);
    const { port, address } = options;
    try {
      page.#server.listen({ port, host: address });
      await once(page.#server, 'listening');
    } catch (error) {
      throw new EffvitError('IO_FAILED', startProblem(error as NodeJS.ErrnoException, options), {
        cause: error,
      });
    }
    // Later errors, e.g. no file descriptors, lose a connection but must not end the process.
    page.#server.on('error', () => {});
    return page;
  }

  /** Starts the same page again after it was closed. @throws EffvitError as {@link start}. */
  restart(): Promise<LivePage> {
    return LivePage.start(this.#options);
  }

  /** URL of the page on this machine. */
  get url(): string {
    const { address } = this.#options;
    const host = address === '0.0.0.0' || address === '::' ? 'localhost' : address;
    return `http://${isIPv6(host) ? `[${host}]` : host}:${this.port}/`;
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : this.#options.port;
  }

  /** Whether other machines can reach it. */
  get isOpenToOthers(): boolean {
    const { address } = this.#options;
    return !(address === 'localhost' || address === '::1' || address.startsWith('127.'));
  }

  /** Ends every connection; resolves when the port is free. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#feed.close();
    this.#server.closeIdleConnections();
    const limit = setTimeout(() => this.#server.closeAllConnections(), CLOSE_LIMIT_MS);
    try {
      await closed;
    } finally {
      clearTimeout(limit);
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (!isAllowedHost(request.headers.host, [hostname(), this.#options.address])) {
      refuse(response, 421, 'This page is served under the name or an address of its machine alone.');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      refuse(response, 405, 'This page can be read, and nothing else.');
      return;
    }
    const target = request.url ?? '/';
    if (!URL.canParse(target, 'http://host')) {
      refuse(response, 400, 'This is no address of a page.');
      return;
    }
    const { pathname, searchParams } = new URL(target, 'http://host');
    const file = FILES[pathname];
    if (file !== undefined) {
      send(response, TYPES[extname(file)] ?? '', readFileSync(new URL(import.meta.resolve(file))));
    } else if (pathname === '/events' && request.method === 'GET') {
      this.#listen(request, response, searchParams.get('pictures') === '1');
    } else if (pathname === '/picture') {
      const picture = this.#feed.picture(searchParams.get('camera') ?? '');
      if (picture === undefined) refuse(response, 404, 'There is no picture of this camera now.');
      else send(response, 'image/jpeg', picture);
    } else {
      refuse(response, 404, 'There is no such page here.');
    }
  }

  #listen(request: IncomingMessage, response: ServerResponse, wantsPictures: boolean): void {
    if (this.#feed.streamCount >= MOST_STREAMS) {
      refuse(response, 503, `${MOST_STREAMS} browsers are looking already: close one of them.`);
      return;
    }
    const stream = new EventStream(response, wantsPictures);
    request.on('close', () => this.#feed.remove(stream));
    response.on('close', () => this.#feed.remove(stream));
    response.on('error', () => this.#feed.remove(stream));
    this.#feed.add(stream);
  }
}

/**
 * Whether a request's Host header names this machine. With DNS rebinding, a foreign page lets its own name resolve to
 * this machine's address and reads the answers. A foreign name in the header reveals this; an address cannot be
 * rebound.
 *
 * @param names of this machine, e.g. os.hostname(); also accepted with `.local` appended.
 */
export function isAllowedHost(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return false;
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/[\]]+))(?::\d+)?$/i.exec(header);
  const host = (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '');
  if (host === '') return false;
  if (isIP(host) !== 0 || host === 'localhost' || host.endsWith('.localhost')) return true;
  return names.some((name) => {
    const own = name.toLowerCase();
    return own !== '' && (host === own || host === `${own}.local`);
  });
}

function send(response: ServerResponse, type: string, body: Uint8Array): void {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.byteLength });
  // For a HEAD request Node.js omits the body.
  response.end(body);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

function startProblem({ code, message }: NodeJS.ErrnoException, { port, address }: LivePageOptions): string {
  const place = `The live page cannot be served on port ${port} of ${address}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${place}: another program has that port, choose another one.`;
    case 'EACCES':
      return `${place}: ports below 1024 are for root, choose one from 1024 on.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${place}: this machine has no such address; 127.0.0.1 is for this machine alone, 0.0.0.0 for all.`;
    default:
      return `${place}: ${message}.`;
  }
}
