/** diagnostic_msgs/msg/DiagnosticStatus levels */
export const LEVEL = { ok: 0, warn: 1, error: 2, stale: 3 } as const;

/** Level and message of a status. */
export type Verdict = readonly [level: (typeof LEVEL)[keyof typeof LEVEL], message: string];

export const PAUSED: Verdict = [LEVEL.ok, 'paused'];

/** Values of a status, by key; undefined and NaN are shown as `n/a`. */
export type Values = Readonly<Record<string, string | number | boolean | undefined>>;
