import assert from 'node:assert/strict';
import { EffvitError } from '../../../../src/core/EffvitError.js';
import { offerService } from '../../../../src/ros/rcl/offerService.js';
import type { RclNode } from '../../../../src/ros/rcl/rcl.js';

type Callback = (request: unknown, response: { send(message: unknown): void }) => void | Promise<void>;

interface Rig {
  readonly node: RclNode;
  readonly errors: string[];
  /** What the service answers to this request. */
  readonly ask: (request: unknown) => Promise<unknown[]>;
}

/** @param send may throw, as rclnodejs does over a message of the wrong shape. */
function rig(send: (message: unknown) => void = () => undefined): Rig {
  const errors: string[] = [];
  let callback: Callback | undefined;
  const node = {
    getLogger: () => ({ error: (text: string) => errors.push(text) }),
    createService: (_type: string, _name: string, answer: Callback) => {
      callback = answer;
      return {};
    },
  } as unknown as RclNode;
  const ask = async (request: unknown): Promise<unknown[]> => {
    const sent: unknown[] = [];
    await callback?.(request, {
      send: (message) => {
        send(message);
        sent.push(message);
      },
    });
    return sent;
  };
  return { node, errors, ask };
}

const refusal = (reason: string, request: number): string => `refused ${request}: ${reason}`;

describe('offerService', () => {
  it('answers, at once or later', async () => {
    const { node, errors, ask } = rig();
    offerService<number, string>(node, 'T', '~/s', (request) => `now ${request}`, refusal);
    assert.deepEqual(await ask(1), ['now 1']);
    offerService<number, string>(node, 'T', '~/s', async (request) => `later ${request}`, refusal);
    assert.deepEqual(await ask(2), ['later 2']);
    assert.deepEqual(errors, []);
  });

  it('makes an answer of what is thrown or rejected, and logs it', async () => {
    const { node, errors, ask } = rig();
    const thrower = (): string => {
      throw new TypeError('no such field');
    };
    offerService<number, string>(node, 'T', '~/s', thrower, refusal);
    assert.deepEqual(await ask(3), ['refused 3: no such field']);
    const rejecter = (): Promise<string> => Promise.reject(new EffvitError('CLOSED', 'The pool was closed.'));
    offerService<number, string>(node, 'T', '~/s', rejecter, refusal);
    assert.deepEqual(await ask(4), ['refused 4: The pool was closed.']);
    assert.deepEqual(errors, ['~/s failed: no such field', '~/s failed: The pool was closed.']);
  });

  it('refuses where the answer cannot be sent, and rejects not even where that fails', async () => {
    const some = rig((message) => {
      if (message === 'misshapen') throw new Error('cannot serialise');
    });
    offerService<number, string>(some.node, 'T', '~/s', () => 'misshapen', refusal);
    assert.deepEqual(await some.ask(5), ['refused 5: cannot serialise']);
    const none = rig(() => {
      throw new Error('destroyed');
    });
    offerService<number, string>(none.node, 'T', '~/s', () => 'any', refusal);
    assert.deepEqual(await none.ask(6), []);
    assert.deepEqual(none.errors, ['~/s failed: destroyed', 'the answer of ~/s failed: destroyed']);
  });
});
