import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '../../core/readInput.js';
import { BPU_CHIPS, type BpuChip } from '../../model/BpuChip.js';

/** Names of the boards in their device tree, e.g. `D-Robotics RDK X5 V1.0`. */
const NAMES: readonly (readonly [RegExp, BpuChip])[] = [
  [/\bx5|rdk-?x5|sunrise5/i, 'rdk-x5'],
  [/\bx3|rdk-?x3|sunrise3/i, 'rdk-x3'],
];

/** Boards with a BPU of another generation, which cannot run models of the X5 or X3, nor the reverse. */
const OTHER_BOARDS = /\b(?:rdk[ -]?)?(s100p?|s600|ultra)\b/i;

/**
 * The BPU chip of this machine: `$EFFVIT_BPU_CHIP`, else by the board's name, else, if it has no name, by the number
 * of BPU cores (one on the X5, two on the X3). Undefined if there is no chip or it is not supported.
 *
 * @param root prefix of /proc and /sys, for tests.
 */
export function detectChip(root = systemRoot(), env: NodeJS.ProcessEnv = process.env): BpuChip | undefined {
  const given = BPU_CHIPS.find((chip) => chip === env['EFFVIT_BPU_CHIP']);
  if (given !== undefined) return given;
  const hasCore = (core: number): boolean => existsSync(join(root, `sys/devices/system/bpu/bpu${core}`));
  const board = boardName(root);
  if (OTHER_BOARDS.test(board)) return undefined;
  const named = NAMES.find(([pattern]) => pattern.test(board));
  if (named !== undefined) return named[1];
  if (!hasCore(0)) return undefined;
  return hasCore(1) ? 'rdk-x3' : 'rdk-x5';
}

/** The board's name if its BPU is of an unsupported generation; otherwise undefined. */
export function otherBoard(root = systemRoot()): string | undefined {
  const name = OTHER_BOARDS.exec(boardName(root))?.[1];
  return name === undefined ? undefined : `RDK ${/^ultra$/i.test(name) ? 'Ultra' : name.toUpperCase()}`;
}

/** The board's name from its device tree and the vendor's files; empty on a PC. */
function boardName(root: string): string {
  return ['proc/device-tree/model', 'sys/class/boardinfo/soc_name']
    .map((path) => (readText(join(root, path)) ?? '').replaceAll('\0', ' ').trim())
    .join(' ')
    .trim();
}

/**
 * The folder with the board's /sys and /proc: `/`, or `$EFFVIT_SYS_ROOT` in a container that mounts them elsewhere.
 */
export function systemRoot(env: NodeJS.ProcessEnv = process.env, otherwise = '/'): string {
  return env['EFFVIT_SYS_ROOT'] || otherwise;
}
