import type { SetResult } from '../parameters/offerParameters.js';
import { offerService } from '../rcl/offerService.js';
import type { RclNode } from '../rcl/rcl.js';

/** std_srvs/srv/SetBool_Response */
interface SetBoolResponse {
  readonly success: boolean;
  readonly message: string;
}

export interface EnableOptions {
  /** Sets the parameter `enabled`; answered once no frame that was taken before is on its way. */
  readonly set: (isEnabled: boolean) => Promise<SetResult>;
  /** What the node does now, one sentence. */
  readonly describe: () => string;
}

/** Offers `~/enable` (std_srvs/srv/SetBool): true listens to the cameras, false to none of them. */
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
