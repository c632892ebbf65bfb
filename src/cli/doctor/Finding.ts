export type FindingStatus = 'ok' | 'warning' | 'problem';

/** Result of one check. */
export interface Finding {
  /** The checked item, e.g. `Node.js`. */
  readonly name: string;
  readonly status: FindingStatus;
  /** What was found, or what is wrong, in one phrase. */
  readonly found: string;
  /** The command that fixes it; present with a warning or a problem. */
  readonly remedy?: string;
}

/** The machine to check; tests pass a fake one. */
export interface Machine {
  /** Prefix of /proc, /sys and /dev. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly nodeVersion: string;
  readonly arch: string;
}

export const THIS_MACHINE: Machine = {
  root: '/',
  env: process.env,
  nodeVersion: process.versions.node,
  arch: process.arch,
};

export function ok(name: string, found: string): Finding {
  return { name, status: 'ok', found };
}

export function warning(name: string, found: string, remedy: string): Finding {
  return { name, status: 'warning', found, remedy };
}

export function problem(name: string, found: string, remedy: string): Finding {
  return { name, status: 'problem', found, remedy };
}
