import { asEffvitError } from '../../core/EffvitError.js';
import { callbackGuard } from './CallbackGuard.js';
import type { RclNode } from './rcl.js';

/**
 * Offers a service whose response may take time and may fail. The client always gets a response: if creating or sending
 * it fails, the error is logged and `refusal` makes a response from the error's message.
 */
export function offerService<Request, Response>(
  node: RclNode,
  type: string,
  name: string,
  answer: (request: Request) => Response | Promise<Response>,
  refusal: (reason: string, request: Request) => Response,
): void {
  const guard = callbackGuard(node);
  node.createService<Request, Response>(type, name, async (request, response) => {
    try {
      response.send(await answer(request));
    } catch (thrown) {
      const { message } = asEffvitError(thrown);
      guard.failed(name, thrown);
      try {
        response.send(refusal(message, request));
      } catch (sending) {
        guard.failed(`the answer of ${name}`, sending);
      }
    }
  });
}

/** The response of a service of std_srvs. */
export interface ActionResult {
  readonly success: boolean;
  readonly message: string;
}

/** Offers a service of std_srvs: Trigger, or SetBool. See {@link offerService}. */
export function offerAction(
  node: RclNode,
  type: 'std_srvs/srv/Trigger' | 'std_srvs/srv/SetBool',
  name: string,
  answer: (request: { readonly data?: boolean }) => ActionResult | Promise<ActionResult>,
): void {
  offerService(node, type, name, answer, (message) => ({ success: false, message }));
}
