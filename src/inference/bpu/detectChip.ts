import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BPU_CHIPS, type BpuChip } from '../../model/BpuChip.js';
import { systemRoot } from './systemRoot.js';

/** What the boards call themselves in their device tree, e.g. `D-Robotics RDK X5 V1.0`. */
const NAMES: readonly (readonly [RegExp, BpuChip])[] = [
  [/\bx5|rdk-?x5|sunrise5/i, 'rdk-x5'],
  [/\bx3|rdk-?x3|sunrise3/i, 'rdk-x3'],
];

/**
 * The BPU chip of this machine: `$EFFVIT_BPU_CHIP`, else by the name of the board, else by the number of BPU cores
 * (one on the X5, two on the X3); undefined where there is none.
 *
 * @param root prefix of /proc and /sys, for tests.
 */
export function detectChip(root = systemRoot(), env: NodeJS.ProcessEnv = process.env): BpuChip | undefined {
  const given = BPU_CHIPS.find((chip) => chip === env['EFFVIT_BPU_CHIP']);
  if (given !== undefined) return given;
  const hasCore = (core: number): boolean => existsSync(join(root, `sys/devices/system/bpu/bpu${core}`));
  const board = boardName(root);
  const named = NAMES.find(([pattern]) => pattern.test(board));
  if (named !== undefined) return named[1];
  if (!hasCore(0)) return undefined;
  return hasCore(1) ? 'rdk-x3' : 'rdk-x5';
}

function boardName(root: string): string {
  try {
    return readFileSync(join(root, 'proc/device-tree/model'), 'utf8').replaceAll('\0', ' ');
  } catch {
    // No device tree: a PC.
    return '';
  }
}
