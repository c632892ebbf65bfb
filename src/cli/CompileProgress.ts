import type { CompileStage } from '../compile/compileBatch.js';
import type { Terminal } from './Terminal.js';

const TICK_MS = 1000;

/** Shows the stage of a compilation and its duration: redrawn in place on a terminal, else one line per stage. */
export class CompileProgress {
  readonly #terminal: Terminal;
  readonly #timer: NodeJS.Timeout;
  #label = '';
  #share = 0;
  #startMs = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#timer = setInterval(() => this.#show(), TICK_MS).unref();
  }

  readonly stage = (batch: number, stage: CompileStage, share: number): void => {
    this.set(`batch ${batch}: ${stage}`, share);
  };

  set(label: string, share: number): void {
    if (label !== this.#label) {
      this.#end();
      this.#label = label;
      this.#startMs = performance.now();
    }
    this.#share = share;
    this.#show();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#end();
    this.#label = '';
  }

  #show(): void {
    if (this.#label === '') return;
    this.#terminal.progress(`${this.#label}, ${this.#elapsed()}`, this.#share, 1);
  }

  /** The line of a finished stage stays on the screen. */
  #end(): void {
    if (this.#label !== '') this.#terminal.note(`${this.#label}: ${this.#elapsed()}`);
  }

  #elapsed(): string {
    return `${((performance.now() - this.#startMs) / 1000).toFixed(0)} s`;
  }
}
