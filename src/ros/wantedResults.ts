import type { ClassResult } from '../classify/ClassResult.js';
import type { FrameResult } from '../pool/FrameOutcome.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';

/** The frame's results, or its smoothed results if these are configured. */
export function wantedResults(
  result: FrameResult<readonly ClassResult[]>,
  { classification_results }: Pick<NodeParameterValues, 'classification_results'>,
): FrameResult<readonly ClassResult[]> {
  if (classification_results === 'raw' || result.smoothed === undefined) return result;
  return { ...result, value: result.smoothed };
}
