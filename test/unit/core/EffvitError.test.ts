import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { asEffvitError, EffvitError } from '../../../src/core/EffvitError.js';
import { packagePath } from '../../../src/core/packageRoot.js';

describe('EffvitError', () => {
  it('holds the context that it was made with, and takes fields that only a caller knows', () => {
    const error = new EffvitError('BAD_MODEL', 'It is cut off.', {
      context: { file: 'm.onnx', byteOffset: 7 },
    });
    assert.equal(error.addContext({ model: 'm', file: 'other.onnx' }), error);
    assert.deepEqual(error.context, { file: 'm.onnx', byteOffset: 7, model: 'm' });
    assert.deepEqual(new EffvitError('CLOSED', 'Closed.').context, {});
  });

  it('is made of any thrown value, with prefix and context', () => {
    const cause = new Error('no space left');
    const error = asEffvitError(cause, 'IO_FAILED', 'Cannot write a.bin', { file: 'a.bin' });
    assert.equal(error.message, 'Cannot write a.bin: no space left');
    assert.equal(error.cause, cause);
    assert.deepEqual(error.context, { file: 'a.bin' });
    assert.equal(asEffvitError(error, 'INTERNAL', 'ignored', { url: 'http://host' }), error);
    assert.deepEqual(error.context, { file: 'a.bin', url: 'http://host' });
  });

  it('has the context wherever the message names a file, a model or a topic', () => {
    const without = (readdirSync(packagePath('src'), { recursive: true }) as string[])
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => {
        const text = readFileSync(packagePath('src', name), 'utf8');
        // Up to the end of the statement: no message holds a semicolon at the end of a line.
        return [...text.matchAll(/new EffvitError\(([\s\S]*?)\);\n/g)]
          .map(([, args = '']) => args)
          .filter((args) =>
            /\$\{(this\.#?)?(path|folder|modelPath|onnxPath|topic|manifest\.name)\}/.test(args),
          )
          .filter((args) => !/\bcontext\b/.test(args))
          .map((args) => `${name}: ${args.trim()}`);
      });
    assert.deepEqual(without, []);
  });
});
