import { EffvitError } from '../core/EffvitError.js';
import type { RangeMethod } from './chooseRange.js';
import type { MakertbinConfig } from './makertbinSchema.js';

/** Percentiles that the search of `default` tries, besides KL and the least squared error. */
const SEARCHED_PERCENTILES = [1, 0.99999, 0.9999] as const;

/**
 * The ways of calibration that a configuration allows: one, or for `default` several, of which the best is to be
 * found by trying. `mix` takes for each value by itself the clipping with the least squared error; `skip`
 * calibrates on noise, which shows the speed and nothing else.
 *
 * @throws EffvitError UNSUPPORTED for `load`
 */
export function rangeMethods({ calibration_parameters: calibration }: MakertbinConfig): RangeMethod[] {
  switch (calibration.calibration_type) {
    case 'max':
      return [{ kind: 'max', percentile: calibration.max_percentile }];
    case 'kl':
      return [{ kind: 'kl' }];
    case 'mix':
      return [{ kind: 'mse' }];
    case 'skip':
      return [{ kind: 'max', percentile: 1 }];
    case 'default':
      return [
        ...SEARCHED_PERCENTILES.map((percentile): RangeMethod => ({ kind: 'max', percentile })),
        { kind: 'kl' },
        { kind: 'mse' },
      ];
    case 'load':
      throw new EffvitError(
        'UNSUPPORTED',
        'calibration_type load takes the steps of a model that was trained quantised, which is not handled here: ' +
          'choose max, kl, mix or default.',
      );
  }
}

/** For reports: `max 0.99999`, `kl`, `least squared error`. */
export function methodName(method: RangeMethod): string {
  switch (method.kind) {
    case 'max':
      return method.percentile === 1 ? 'max' : `max ${method.percentile}`;
    case 'kl':
      return 'kl';
    case 'mse':
      return 'least squared error';
  }
}
