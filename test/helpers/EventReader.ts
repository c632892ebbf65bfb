import { type ClientRequest, get, type IncomingMessage } from 'node:http';

/** A browser's end of Server-Sent Events, by plain HTTP. */
export class EventReader {
  readonly events: { readonly name: string; readonly data: unknown }[] = [];
  readonly status: number;
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  isEnded = false;

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.#response = response;
    this.status = response.statusCode ?? 0;
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      const parts = (rest + text).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const name = /^event: (.*)$/m.exec(part)?.[1];
        const data = /^data: (.*)$/m.exec(part)?.[1];
        if (name !== undefined && data !== undefined) this.events.push({ name, data: JSON.parse(data) });
      }
    });
    const end = (): void => {
      this.isEnded = true;
    };
    response.on('close', end);
    response.on('error', end);
  }

  static open(url: string): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const request = get(url, (response) => resolve(new EventReader(request, response)));
      request.on('error', reject);
    });
  }

  /** Takes nothing more from the connection. */
  stall(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  /** The newest event of a name. */
  newest<Data>(name: string): Data | undefined {
    return this.events.findLast((event) => event.name === name)?.data as Data | undefined;
  }

  close(): void {
    this.#request.destroy();
  }
}
