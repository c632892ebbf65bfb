import { spawnSync } from 'node:child_process';
import { packagePath } from '../../src/core/packageRoot.js';
import { leaveOut } from './leaveOut.js';

/** What a launch file would do, as recordLaunch.py tells it. */
export interface LaunchRecord {
  readonly arguments: readonly {
    readonly name: string;
    readonly default: string | null;
    readonly description: string | null;
  }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly messages: readonly string[];
  readonly nodes: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly executable: string;
    readonly parameters: readonly (string | Readonly<Record<string, unknown>>)[];
    readonly rosArguments: readonly string[];
    readonly respawn: boolean;
    readonly respawnDelay: number;
  }[];
  readonly processes: readonly { readonly name: string; readonly cmd: readonly string[] }[];
  readonly handlers: readonly {
    readonly on: 'start' | 'exit';
    readonly target: string;
    readonly emits: readonly string[];
    /** While the launch is ending already. */
    readonly emits_in_shutdown: readonly string[];
  }[];
  readonly files: readonly string[];
}

export type LaunchOutcome = { readonly ok: LaunchRecord } | { readonly error: string };

/** Leaves the suite out where there is no Python 3 to run launch files with. */
export function needPython(context: Mocha.Context): void {
  if (spawnSync('python3', ['--version']).status !== 0) leaveOut(context, 'python3 is not installed');
}

/** Visits a launch file by the recording double; without a DDS setting of the tester's own in the environment. */
export function launchOutcome(
  file: string,
  args: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): LaunchOutcome {
  const { FASTRTPS_DEFAULT_PROFILES_FILE: _a, FASTDDS_DEFAULT_PROFILES_FILE: _b, ...rest } = process.env;
  const { FASTDDS_BUILTIN_TRANSPORTS: _c, CYCLONEDDS_URI: _d, RMW_IMPLEMENTATION: _e, ...clean } = rest;
  const script = packagePath('test', 'helpers', 'recordLaunch.py');
  const values = Object.entries(args).map(([name, value]) => `${name}:=${value}`);
  const done = spawnSync('python3', [script, file, ...values], {
    env: { ...clean, ...env },
    encoding: 'utf8',
    timeout: 200_000,
  });
  if (done.status !== 0) throw new Error(`recordLaunch.py ${file} failed: ${done.stderr}`);
  return JSON.parse(done.stdout) as LaunchOutcome;
}

/** What the launch file would do; throws its refusal. */
export function recordLaunch(
  file: string,
  args: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): LaunchRecord {
  const outcome = launchOutcome(file, args, env);
  if ('error' in outcome) throw new Error(outcome.error);
  return outcome.ok;
}
