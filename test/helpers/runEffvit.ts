import { runScript, type ScriptRun } from './runScript.js';

/** How a run of the command ended. */
export type EffvitRun = ScriptRun;

export interface EffvitRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Sent once standard output matches, to try what an interruption leaves behind. */
  readonly interruptAt?: RegExp;
  /** The same for standard error. */
  readonly interruptAtNote?: RegExp;
  /** Sees all of standard error each time that some comes. */
  readonly onNotes?: (stderr: string) => void;
  readonly interruptWith?: NodeJS.Signals;
  /** Sent over and over after the first, 800 ms apart, until the process ends: a user who presses Ctrl-C again. */
  readonly insistWith?: NodeJS.Signals;
  readonly cwd?: string;
  /** Instead of 200 s. */
  readonly limitMs?: number;
}

/** Signals that come within half a second are one press of Ctrl-C. */
const INSIST_PERIOD_MS = 800;

/** Runs `effvit` as a process of its own, as a user does. */
export function runEffvit(args: readonly string[], options: EffvitRunOptions = {}): Promise<EffvitRun> {
  const { env, interruptAt, interruptAtNote, interruptWith = 'SIGINT', insistWith, cwd, limitMs } = options;
  let isInterrupted = false;
  let insisting: NodeJS.Timeout | undefined;
  const interruptOnce =
    (at: RegExp | undefined) =>
    (output: string, kill: (signal: NodeJS.Signals) => void): void => {
      if (isInterrupted || at?.test(output) !== true) return;
      isInterrupted = true;
      kill(interruptWith);
      if (insistWith !== undefined) insisting = setInterval(() => kill(insistWith), INSIST_PERIOD_MS);
    };
  return runScript('bin/effvit.cjs', args, {
    env: { NO_COLOR: '1', ...env },
    cwd,
    limitMs,
    onOutput: interruptOnce(interruptAt),
    onNotes: (stderr, kill) => {
      options.onNotes?.(stderr);
      interruptOnce(interruptAtNote)(stderr, kill);
    },
  }).finally(() => clearInterval(insisting));
}
