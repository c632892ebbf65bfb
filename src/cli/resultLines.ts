import type { ClassResult } from '../classify/ClassResult.js';
import type { FrameResult } from '../pool/FrameOutcome.js';
import { bar, fitText, type Terminal } from './Terminal.js';

const BAR_COLUMNS = 24;

/** One line per result: label, bar, probability. The first is bold. */
export function resultLines(
  { value: results, unknownCauses, picture }: FrameResult<readonly ClassResult[]>,
  terminal: Terminal,
): string[] {
  if (unknownCauses !== undefined) return [terminal.yellow(`  UNKNOWN: ${unknownCauses.join(', ')}`)];
  if (results.length === 0) return [terminal.dim('  no result above the threshold')];
  const labelColumns = Math.max(12, Math.min(40, terminal.widthColumns - BAR_COLUMNS - 12));
  const lines = results.map((result, rank) => {
    const label = fitText(result.label, labelColumns);
    const score = result.score.toFixed(4);
    return `  ${rank === 0 ? terminal.bold(label) : label} ${terminal.cyan(bar(result.score, BAR_COLUMNS))} ${score}`;
  });
  const problems = picture?.problems ?? [];
  return problems.length === 0 ? lines : [...lines, terminal.yellow(`  the picture: ${problems.join(', ')}`)];
}
