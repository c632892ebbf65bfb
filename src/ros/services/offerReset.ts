import { offerService } from '../rcl/offerService.js';
import type { RclNode } from '../rcl/rcl.js';

/**
 * Offers `~/reset_statistics` (std_srvs/srv/Trigger).
 *
 * @param reset returns false if there are no statistics.
 */
export function offerReset(node: RclNode, reset: () => boolean): void {
  offerService<object, { success: boolean; message: string }>(
    node,
    'std_srvs/srv/Trigger',
    '~/reset_statistics',
    () =>
      reset()
        ? { success: true, message: 'Counts and latencies start anew.' }
        : { success: false, message: 'The node is not configured: there are no statistics.' },
    (message) => ({ success: false, message }),
  );
}
