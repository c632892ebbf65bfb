import { asEffvitError } from '../../core/EffvitError.js';
import { callbackGuard } from './CallbackGuard.js';
import type { RclNode } from './rcl.js';

/**
 * Offers a service whose answer may take a while and may fail. Who asks always gets an answer: where making or
 * sending one fails, the error is logged and `refusal` makes the answer of its message.
 *
 * @param type e.g. `std_srvs/srv/Trigger`.
 * @param name e.g. `~/reset_statistics`.
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
