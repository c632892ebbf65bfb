import pc from 'picocolors';

type Paint = (text: string) => string;

/**
 * Output of a command: results on standard output, progress and problems on standard error, so that `--json` output
 * stays clean. Colours only on a terminal and never with NO_COLOR (no-color.org).
 */
export class Terminal {
  /** True if standard output is a terminal, so that lines may be redrawn in place. */
  readonly isInteractive: boolean;
  readonly widthColumns: number;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly red: Paint;
  readonly cyan: Paint;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  #progressShown = false;
  #redrawnLines = 0;

  constructor(
    streams: { readonly stdout: NodeJS.WriteStream; readonly stderr: NodeJS.WriteStream } = process,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.#stdout = streams.stdout;
    this.#stderr = streams.stderr;
    this.isInteractive = this.#stdout.isTTY === true && env['TERM'] !== 'dumb';
    // A terminal without a size reports 0.
    this.widthColumns = Math.max(40, this.#stdout.columns || 100);
    const colours = pc.createColors(this.isInteractive && !env['NO_COLOR']);
    this.bold = colours.bold;
    this.dim = colours.dim;
    this.green = colours.green;
    this.yellow = colours.yellow;
    this.red = colours.red;
    this.cyan = colours.cyan;
  }

  /** One line of results. */
  line(text = ''): void {
    this.#clearProgress();
    this.#stdout.write(`${text}\n`);
  }

  /** On a terminal, replaces the lines of the last call; otherwise writes below them. */
  redraw(lines: readonly string[]): void {
    this.#clearProgress();
    const back = this.isInteractive && this.#redrawnLines > 0 ? `\x1b[${this.#redrawnLines}A\x1b[J` : '';
    this.#redrawnLines = lines.length;
    this.#stdout.write(`${back}${lines.join('\n')}\n`);
  }

  /** One JSON value on one line, for machines. */
  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** One line on standard error, so that it is not part of the results. */
  note(text: string): void {
    this.#clearProgress();
    this.#stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.note(`${this.yellow('warning:')} ${text}`);
  }

  error(text: string): void {
    this.note(`${this.red('effvit:')} ${text}`);
  }

  /** A progress bar that is redrawn in place; nothing if standard error is not a terminal. */
  progress(label: string, done: number, total: number): void {
    if (this.#stderr.isTTY !== true) return;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    this.#stderr.write(`\r\x1b[2K${label} ${bar(share, 24)} ${(100 * share).toFixed(0).padStart(3)} %`);
    this.#progressShown = true;
  }

  #clearProgress(): void {
    if (!this.#progressShown) return;
    this.#stderr.write('\r\x1b[2K');
    this.#progressShown = false;
  }
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** A horizontal bar of block characters, `widthColumns` wide, filled by `share` in [0, 1]. */
export function bar(share: number, widthColumns: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * widthColumns * 8);
  const full = Math.floor(eighths / 8);
  const text = '█'.repeat(full) + (EIGHTHS[eighths % 8] ?? '');
  return text.padEnd(widthColumns, ' ');
}

/** Text cut to a width with an ellipsis, so that a table keeps its columns. */
export function fitText(text: string, widthColumns: number): string {
  const characters = [...text];
  if (characters.length <= widthColumns) return text.padEnd(widthColumns + text.length - characters.length);
  return `${characters.slice(0, Math.max(0, widthColumns - 1)).join('')}…`;
}

/** A size in megabytes for display. */
export function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
