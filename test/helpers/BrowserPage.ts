import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WebSocket } from 'undici';
import { headlessArguments } from './Chromium.js';

const LIMIT_MS = 180_000;

export interface PageView {
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly isDark?: boolean;
  /** A touch screen with two pixels a point, as phones have. */
  readonly isPhone?: boolean;
  /** Someone who asked for less motion. */
  readonly isCalm?: boolean;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** Codes that the DevTools protocol wants with a key. */
const KEYS: Readonly<Record<string, { readonly code: number; readonly text?: string }>> = {
  Tab: { code: 9 },
  Enter: { code: 13, text: '\r' },
  End: { code: 35 },
  Home: { code: 36 },
  ArrowLeft: { code: 37 },
  ArrowRight: { code: 39 },
};

/** A page in a headless Chromium that a test presses keys in and looks at, by the DevTools protocol. */
export class BrowserPage {
  /** What the page wrote to its console, its errors and refused requests among them. */
  readonly console: string[] = [];
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #session = '';
  #lastId = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Reply));
  }

  static async start(chromium: string): Promise<BrowserPage> {
    const profile = mkdtempSync(join(tmpdir(), 'effvit-chromium-'));
    const args = [...headlessArguments(profile), '--remote-debugging-port=0', 'about:blank'];
    const child = spawn(chromium, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      const address = await within(devToolsAddress(child), 'Chromium did not start');
      const socket = new WebSocket(address);
      await within(
        new Promise((resolve, reject) => {
          socket.addEventListener('open', resolve);
          socket.addEventListener('error', () => reject(new Error(`no connection to ${address}`)));
        }),
        'Chromium did not answer',
      );
      const page = new BrowserPage(child, profile, socket);
      const { targetId } = await page.#send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await page.#send('Target.attachToTarget', { targetId, flatten: true });
      page.#session = String(sessionId);
      for (const domain of ['Page', 'Runtime', 'Log']) await page.#send(`${domain}.enable`, {});
      return page;
    } catch (error) {
      child.kill('SIGKILL');
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      throw error;
    }
  }

  /** Opens a file or an address and waits until its scripts have run; gives the milliseconds since the navigation began. */
  async open(
    place: string,
    { widthPx = 1200, heightPx = 900, isDark = false, isPhone = false, isCalm = false }: PageView = {},
  ): Promise<number> {
    this.console.length = 0;
    await this.#send('Emulation.setDeviceMetricsOverride', {
      width: widthPx,
      height: heightPx,
      deviceScaleFactor: isPhone ? 2 : 1,
      mobile: isPhone,
    });
    await this.#send('Emulation.setEmulatedMedia', {
      features: [
        { name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' },
        { name: 'prefers-reduced-motion', value: isCalm ? 'reduce' : 'no-preference' },
      ],
    });
    // By way of an empty page, so that an earlier one is not taken for this one.
    await this.#send('Page.navigate', { url: 'about:blank' });
    const url = /^https?:/.test(place) ? place : pathToFileURL(place).href;
    await this.#send('Page.navigate', { url });
    const deadline = Date.now() + LIMIT_MS;
    while ((await this.evaluate('document.documentElement?.dataset.ready')) !== 'yes') {
      if (Date.now() > deadline) throw new Error(`The page was not ready: ${this.console.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Two frames on: what the scripts made is on the screen.
    return (await this.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))))',
    )) as number;
  }

  /** The value of a JavaScript expression in the page, a promise's where it is one; plain data alone comes back. */
  async evaluate(expression: string): Promise<unknown> {
    const reply = await this.#send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (reply['exceptionDetails'] !== undefined) throw new Error(JSON.stringify(reply['exceptionDetails']));
    return (reply['result'] as { value?: unknown }).value;
  }

  async press(key: keyof typeof KEYS & string, isShifted = false): Promise<void> {
    const { code, text } = KEYS[key] ?? { code: 0 };
    const event = { key, code: key, windowsVirtualKeyCode: code, modifiers: isShifted ? 8 : 0 };
    await this.#send('Input.dispatchKeyEvent', {
      ...event,
      type: text === undefined ? 'rawKeyDown' : 'keyDown',
      ...(text !== undefined && { text }),
    });
    await this.#send('Input.dispatchKeyEvent', { ...event, type: 'keyUp' });
  }

  /** The whole page as a PNG file. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.#send('Page.captureScreenshot', {
      format: 'png',
      captureBeyondViewport: true,
    });
    writeFileSync(path, Buffer.from(String(data), 'base64'));
  }

  async close(): Promise<void> {
    this.#socket.close();
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #send(method: string, params: object): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#lastId;
    const session = this.#session === '' ? {} : { sessionId: this.#session };
    const answered = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    const { result, error } = await within(answered, `${method} had no answer`);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  #receive(message: Reply): void {
    if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
      return;
    }
    const { method, params = {} } = message;
    if (method === 'Runtime.consoleAPICalled') this.console.push(JSON.stringify(params['args']));
    if (method === 'Runtime.exceptionThrown') this.console.push(JSON.stringify(params['exceptionDetails']));
    if (method === 'Log.entryAdded') this.console.push(JSON.stringify(params['entry']));
  }
}

/** Chromium tells on standard error where it listens. */
function devToolsAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const address = /DevTools listening on (ws:\S+)/.exec(log)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`Chromium ended with ${code}: ${log.slice(-2000)}`)));
  });
}

async function within<Value>(work: Promise<Value>, what: string): Promise<Value> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error(`${what} within ${LIMIT_MS} ms.`)), LIMIT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(limit);
  }
}
