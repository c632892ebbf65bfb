import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { readWeights } from '../../../src/weights/readWeights.js';
import { unpickleStateDict } from '../../../src/weights/unpickleStateDict.js';

const fixture = (name: string): string => packagePath('test', 'fixtures', name);

describe('readWeights of PyTorch checkpoints', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-pth-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('gives every tensor of a state_dict: types, strides, offsets, scalars', async () => {
    const { format, tensors } = await readWeights(fixture('state_dict.pth'));
    assert.equal(format, 'pytorch');
    const expected: [string, number[], number[], string][] = [
      ['plain', [2, 3], [0, 1, 2, 3, 4, 5], 'F32'],
      ['turned', [3, 2], [0, 3, 1, 4, 2, 5], 'F32'],
      ['row', [3], [3, 4, 5], 'F32'],
      ['half', [2], [1, -0.5], 'F16'],
      ['brain', [2, 1], [1, -3], 'BF16'],
      ['double', [], [0.25], 'F64'],
      ['count', [], [7], 'I64'],
      ['empty', [0, 4], [], 'F32'],
      ['parameter', [1], [2], 'F32'],
    ];
    assert.deepEqual(
      [...tensors.keys()],
      expected.map(([name]) => name),
    );
    for (const [name, dims, data, storedAs] of expected) {
      assert.deepEqual(tensors.get(name), { dims, data: Float32Array.from(data), storedAs }, name);
    }
  });

  it('finds the state_dict inside a training checkpoint, with the names of its wrapper', async () => {
    const { tensors } = await readWeights(fixture('training.pth'));
    assert.deepEqual([...tensors.keys()], ['module.plain', 'module.half']);
    assert.deepEqual(tensors.get('module.half')?.data, Float32Array.of(1, -0.5));
  });

  it('refuses other files in one sentence', async () => {
    await assert.rejects(readWeights(fixture('no_weights.pth')), {
      code: 'BAD_WEIGHTS',
      message: /holds no state_dict/,
    });
    await assert.rejects(readWeights(fixture('legacy.pth')), { code: 'BAD_WEIGHTS', message: /before 1\.6/ });
    await assert.rejects(readWeights(join(folder, 'none.pth')), { code: 'NOT_FOUND' });
    const whole = await readFile(fixture('state_dict.pth'));
    const path = join(folder, 'cut.pth');
    await writeFile(path, whole.subarray(0, whole.length - 100));
    await assert.rejects(readWeights(path), {
      code: 'BAD_WEIGHTS',
      message: /cannot be read as torch\.save's zip format/,
    });
    await writeFile(path, Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100)]));
    await assert.rejects(readWeights(path), { code: 'BAD_WEIGHTS', message: /damaged or cut short/ });
  });

  it('never brings anything but an EffvitError out of a damaged checkpoint', async () => {
    const whole = await readFile(fixture('training.pth'));
    const path = join(folder, 'damaged.pth');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 4, max: whole.length - 1 }), fc.nat(255)), {
          minLength: 1,
          maxLength: 6,
        }),
        async (changes) => {
          const bytes = Buffer.from(whole);
          for (const [index, value] of changes) bytes[index] = value;
          await writeFile(path, bytes);
          try {
            await readWeights(path);
          } catch (error) {
            assert.ok(error instanceof EffvitError, String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('unpickleStateDict', () => {
  const refuse = (bytes: number[] | string, message: RegExp): void => {
    const pickle = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Uint8Array.from(bytes);
    assert.throws(() => unpickleStateDict(pickle, 'x.pth'), { code: 'BAD_WEIGHTS', message });
  };

  it('ends on a negative length, which would send the parser round in circles', () => {
    refuse([0x42, 0xfb, 0xff, 0xff, 0xff], /negative length/);
  });

  it('executes nothing that the pickle names', () => {
    const marker = 'effvitPickleWasExecuted';
    // os.system("...") and builtins.eval, as an attacker writes them; then a harmless end.
    refuse(`cos\nsystem\n(S'echo ${marker}'\ntR.`, /holds no state_dict/);
    refuse(`cbuiltins\neval\n(S'globalThis.${marker} = 1'\ntR.`, /holds no state_dict/);
    refuse(`c__main__\nconstructor\n(S'x'\ntR.`, /holds no state_dict/);
    assert.equal(Object.hasOwn(globalThis, marker), false);
  });

  it('refuses tensors without a sound storage or shape', () => {
    const rebuild = 'ctorch._utils\n_rebuild_tensor_v2\n';
    refuse(`${rebuild}(I1\nI2\nI3\nI4\ntR.`, /without a sound shape/);
    refuse("(S'storage'\nctorch\nFloatStorage\nI5\ntQ.", /no tensor storage/);
    refuse("(S'storage'\ncos\nFloatStorage\nS'0'\ntQ.", /no tensor storage/);
    refuse('', /pickle is broken/);
    refuse('.', /holds no state_dict/);
  });

  it('never brings anything but an EffvitError out of any bytes', () => {
    // Mostly opcodes that mean something, so that many programs run for a while.
    const opcodes = Array.from('\x80.(10212NK\x01I1\nS"a"\nc\n)]}asutRQbqh\x81\x85\x86\x87\x88', (c) =>
      c.charCodeAt(0),
    );
    const byte = fc.oneof(fc.constantFrom(...opcodes), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (bytes) => {
        try {
          unpickleStateDict(Uint8Array.from(bytes), 'x');
        } catch (error) {
          assert.ok(error instanceof EffvitError, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
