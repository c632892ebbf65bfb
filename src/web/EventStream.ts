import type { ServerResponse } from 'node:http';
import { monotonicNs } from '../stats/monotonicNs.js';

/** A client whose connection accepts no data for this time is dropped. */
const STALL_LIMIT_NS = 15e9;
/** How long a browser waits before it reconnects. */
const RETRY_MS = 2000;

/**
 * One browser that listens by Server-Sent Events. Events that a slow client cannot accept are dropped instead of
 * queued: every event contains the complete state, so the next one replaces them.
 */
export class EventStream {
  /** Whether it shows pictures. */
  readonly wantsPictures: boolean;
  readonly #response: ServerResponse;
  #stalledSinceNs: number | undefined;

  constructor(response: ServerResponse, wantsPictures: boolean) {
    this.wantsPictures = wantsPictures;
    this.#response = response;
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** @param chunk of {@link eventChunk}. @returns whether the client is still alive. */
  send(chunk: string): boolean {
    const response = this.#response;
    if (response.destroyed) return false;
    if (!response.writableNeedDrain) {
      this.#stalledSinceNs = undefined;
      response.write(chunk);
      return true;
    }
    const nowNs = monotonicNs();
    this.#stalledSinceNs ??= nowNs;
    if (nowNs - this.#stalledSinceNs < STALL_LIMIT_NS) return true;
    response.destroy();
    return false;
  }

  /** Ends the stream cleanly; unsent data of a slow client are lost with its connection. */
  close(): void {
    this.#response.end();
  }
}

/** One event on the wire; JSON has no line breaks, so it is one line of data. 64-bit counts become numbers. */
export function eventChunk(name: string, data: unknown): string {
  const text = JSON.stringify(data, (_, value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  return `event: ${name}\ndata: ${text}\n\n`;
}
