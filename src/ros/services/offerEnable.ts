import type { SetResult } from '../parameters/offerParameters.js';
import { offerService } from '../rcl/offerService.js';
import type { RclNode } from '../rcl/rcl.js';

/** std_srvs/srv/SetBool_Response */
interface SetBoolResponse {
  readonly success: boolean;
  readonly message: string;
}

export interface EnableOptions {
  /** Sets the parameter `enabled`; resolves when no earlier frame is in flight. */
  readonly set: (isEnabled: boolean) => Promise<SetResult>;
  /** The node's current state, as one sentence. */
  readonly describe: () => string;
}

/** Offers `~/enable` (std_srvs/srv/SetBool): true subscribes to all cameras, false to none. */
export function offerEnable(node: RclNode, { set, describe }: EnableOptions): void {
  offerService<{ data: boolean }, SetBoolResponse>(
    node,
    'std_srvs/srv/SetBool',
    '~/enable',
    async ({ data }) => {
      const { successful, reason } = await set(data);
      return { success: successful, message: successful ? describe() : reason };
    },
    (message) => ({ success: false, message }),
  );
}
