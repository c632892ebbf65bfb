import type { Terminal } from './Terminal.js';

const TICK_MS = 1000;

export interface CompileProgress {
  /** @param share of the stage that is done, from 0 to 1. */
  readonly set: (stage: string, share: number) => void;
  readonly close: () => void;
}

/** Shows the stage of a compilation and its duration: redrawn in place on a terminal, else one line per stage. */
export function compileProgress(terminal: Terminal): CompileProgress {
  let label = '';
  let share = 0;
  let startMs = 0;
  const elapsed = (): string => `${((performance.now() - startMs) / 1000).toFixed(0)} s`;
  const show = (): void => {
    if (label !== '') terminal.progress(`${label}, ${elapsed()}`, share, 1);
  };
  /** The line of a finished stage stays on the screen. */
  const end = (): void => {
    if (label !== '') terminal.note(`${label}: ${elapsed()}`);
  };
  const timer = setInterval(show, TICK_MS).unref();
  return {
    set: (stage, done) => {
      if (stage !== label) {
        end();
        label = stage;
        startMs = performance.now();
      }
      share = done;
      show();
    },
    close: () => {
      clearInterval(timer);
      end();
      label = '';
    },
  };
}
