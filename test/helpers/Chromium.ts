import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'] as const;
const LIMIT_MS = 220_000;

/** The browser's path, or undefined where none is installed. */
export function findChromium(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // The next one.
      }
    }
  }
  return undefined;
}

/** What a page was after its scripts had run. */
export interface RenderedPage {
  /** Without scripts and styles, so that a text found in it is one that is shown. */
  readonly html: string;
  /** Lines of its console, errors of the page and refused requests among them. */
  readonly console: readonly string[];
}

/** What every headless run is started with: nothing of the network, and nothing kept but in `profile`. */
export function headlessArguments(profile: string): string[] {
  return [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--user-data-dir=${profile}`,
  ];
}

/** Opens a file in a headless browser and gives the page as its scripts left it. */
export function renderPage(
  chromium: string,
  path: string,
  { widthPx = 1200, isDark = false }: { readonly widthPx?: number; readonly isDark?: boolean } = {},
): Promise<RenderedPage> {
  const profile = mkdtempSync(join(tmpdir(), 'effvit-chromium-'));
  const args = [
    ...headlessArguments(profile),
    '--enable-logging=stderr',
    `--window-size=${widthPx},1000`,
    ...(isDark ? ['--blink-settings=preferredColorScheme=0'] : []),
    '--virtual-time-budget=4000',
    '--dump-dom',
    pathToFileURL(path).href,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(chromium, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    let html = '';
    let log = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      html += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      if (code !== 0) reject(new Error(`${chromium} ended with ${code}: ${log.slice(-2000)}`));
      else
        resolve({
          html: html.replaceAll(/<(script|style)\b.*?<\/\1>/gs, ''),
          console: log.split('\n').filter((line) => line.includes('CONSOLE')),
        });
    });
  });
}
