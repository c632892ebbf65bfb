import { runScript, type ScriptRun } from './runScript.js';

/** How a run of the command ended. */
export type EffvitRun = ScriptRun;

export interface EffvitRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Sent once standard output matches, to try what an interruption leaves behind. */
  readonly interruptAt?: RegExp;
  readonly interruptWith?: NodeJS.Signals;
  readonly cwd?: string;
  /** Instead of two minutes. */
  readonly limitMs?: number;
}

/** Runs `effvit` as a process of its own, as a user does. */
export function runEffvit(args: readonly string[], options: EffvitRunOptions = {}): Promise<EffvitRun> {
  const { env, interruptAt, interruptWith = 'SIGINT', cwd, limitMs } = options;
  let isInterrupted = false;
  return runScript('bin/effvit.mjs', args, {
    env: { NO_COLOR: '1', ...env },
    cwd,
    limitMs,
    onOutput: (stdout, kill) => {
      if (isInterrupted || interruptAt?.test(stdout) !== true) return;
      isInterrupted = true;
      kill(interruptWith);
    },
  });
}
