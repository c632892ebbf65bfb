import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { EffvitError } from '../../../src/core/EffvitError.js';
import {
  emptyGraph,
  floatAttr,
  getFloat,
  getInt,
  getInts,
  getString,
  getTensor,
  intAttr,
  intsAttr,
  makeNode,
  type OnnxModel,
} from '../../../src/onnx/OnnxModel.js';
import {
  dataFromRaw,
  ELEMENT_TYPES,
  float32Tensor,
  int64Vector,
  type OnnxDataType,
  type OnnxTensor,
} from '../../../src/onnx/OnnxTensor.js';
import { modelCodec } from '../../../src/onnx/onnxSchema.js';
import { parseOnnx } from '../../../src/onnx/parseOnnx.js';
import { readOnnx } from '../../../src/onnx/readOnnx.js';
import { serializeOnnx, writeOnnx } from '../../../src/onnx/serializeOnnx.js';

const NUMERIC_TYPES: OnnxDataType[] = [
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'int2',
];

function sampleModel(): OnnxModel {
  const graph = emptyGraph('main');
  graph.docString = 'doc';
  graph.inputs.push({ name: 'x', dataType: 'float32', shape: ['N', 3, null], docString: '' });
  graph.outputs.push({ name: 'y', dataType: 'float32', shape: ['N', 3, 4], docString: 'out' });
  graph.valueInfo.set('m', { name: 'm', dataType: 'int64', shape: [], docString: '' });
  graph.valueInfo.set('u', { name: 'u', dataType: null, shape: null, docString: '' });
  for (const dataType of NUMERIC_TYPES) {
    const bytes = new Uint8Array(Math.ceil((5 * ELEMENT_TYPES[dataType].bits) / 8)).map((_, i) => i * 37 + 1);
    graph.initializers.set(dataType, { dataType, dims: [5], data: dataFromRaw(dataType, bytes) });
  }
  graph.initializers.set('text', {
    dataType: 'string',
    dims: [2],
    data: [Uint8Array.of(104, 105), Uint8Array.of()],
  });
  graph.initializers.set('none', float32Tensor([0, 3], new Float32Array()));
  const inner = emptyGraph('inner');
  inner.nodes.push(makeNode('Identity', 'id', ['x'], ['y']));
  const node = makeNode('Thing', 'node', ['x', '', 'float32'], ['y'], {
    axis: intAttr(-1),
    huge: intAttr(-(2n ** 63n)),
    last: intAttr(2n ** 63n - 1n),
    alpha: floatAttr(0.5),
    mode: { type: 'string', value: 'naïve' },
    pads: intsAttr([0, 1, -2]),
    zero: intAttr(0),
    value: { type: 'tensor', value: int64Vector([3, 4]) },
    body: { type: 'graph', value: inner },
    bodies: { type: 'graphs', value: [inner, emptyGraph('')] },
    factors: { type: 'floats', value: [1, 0.25] },
    words: { type: 'strings', value: ['a', ''] },
    tables: { type: 'tensors', value: [int64Vector([1])] },
  });
  node.domain = 'com.example';
  node.docString = 'why';
  node.metadata.set('k', 'v');
  graph.nodes.push(node);
  return {
    irVersion: 8,
    producerName: 'effvit',
    producerVersion: '1',
    domain: 'd',
    modelVersion: 3,
    docString: '',
    opsets: [
      { domain: '', version: 17 },
      { domain: 'com.example', version: 1 },
    ],
    metadata: new Map([['a', 'b']]),
    graph,
    opaque: {},
  };
}

/** The model with its initializers in a data file, and what that file holds. */
function withExternalData(model: OnnxModel, location: string): { bytes: Uint8Array; data: Uint8Array } {
  const wire = modelCodec.decode(serializeOnnx(model));
  const parts: Uint8Array[] = [];
  let length = 0;
  const initializer = wire.graph?.initializer?.map(({ rawData, ...tensor }) => {
    // Texts have no raw data.
    if (rawData === undefined) return tensor;
    const place = { location, offset: String(length), length: String(rawData.length) };
    parts.push(rawData);
    length += rawData.length;
    const externalData = Object.entries(place).map(([key, value]) => ({ key, value }));
    return { ...tensor, dataLocation: 1, externalData };
  });
  const graph = { ...wire.graph, initializer };
  return { bytes: modelCodec.encode({ ...wire, graph }), data: Buffer.concat(parts) };
}

describe('ONNX files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-onnx-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('come back from bytes as they were, every element type and attribute kind', () => {
    const model = sampleModel();
    assert.deepEqual(parseOnnx(serializeOnnx(model)), model);
  });

  it('come back from a file, and from a file with external data', async () => {
    const model = sampleModel();
    model.graph.initializers.set('large', float32Tensor([40, 50], new Float32Array(2000).fill(1.5)));
    const plain = join(folder, 'plain.onnx');
    await writeOnnx(plain, model);
    assert.deepEqual(await readOnnx(plain), model);
    const split = join(folder, 'split.onnx');
    const { bytes, data } = withExternalData(model, 'split.onnx.data');
    await writeFile(split, bytes);
    await writeFile(`${split}.data`, data);
    assert.deepEqual(await readOnnx(split), model);
  });

  it('with external data are refused where the file is missing, short or outside the folder', async () => {
    const model = sampleModel();
    const path = join(folder, 'm.onnx');
    await writeFile(path, withExternalData(model, 'w.bin').bytes);
    await writeFile(join(folder, 'w.bin'), new Uint8Array(5));
    await assert.rejects(readOnnx(path), { code: 'BAD_MODEL', message: /needs \d+ bytes at offset/ });
    await rm(join(folder, 'w.bin'));
    await assert.rejects(readOnnx(path), { code: 'NOT_FOUND', message: /w\.bin cannot be opened/ });
    for (const location of ['../w.bin', '/etc/passwd', 'a/../../w.bin']) {
      await writeFile(path, withExternalData(model, location).bytes);
      await assert.rejects(readOnnx(path), { code: 'BAD_MODEL', message: /outside the model's folder/ });
    }
    assert.throws(() => parseOnnx(withExternalData(model, 'w').bytes), { code: 'BAD_MODEL' });
  });

  it('are refused in one sentence where they are none', async () => {
    const path = join(folder, 'm.onnx');
    await assert.rejects(readOnnx(path), { code: 'NOT_FOUND' });
    for (const content of ['hello, world', Buffer.alloc(1000), Buffer.from([8, 1, 16, 1, 42])]) {
      await writeFile(path, content);
      await assert.rejects(readOnnx(path), { code: 'BAD_MODEL', message: /is not an ONNX model/ });
    }
    const good = serializeOnnx(sampleModel());
    await writeFile(path, good.subarray(0, good.length >> 1));
    await assert.rejects(readOnnx(path), { code: 'BAD_MODEL' });
  });

  it('are not written where a tensor does not fit its shape', async () => {
    const model = sampleModel();
    model.graph.initializers.set('odd', float32Tensor([3], new Float32Array(2)));
    await assert.rejects(writeOnnx(join(folder, 'm.onnx'), model), { code: 'BAD_MODEL', message: /"odd"/ });
    assert.deepEqual(await readdir(folder), []);
  });

  it('never bring anything but an EffvitError out of broken bytes', () => {
    const good = Buffer.from(serializeOnnx(sampleModel()));
    const survives = (bytes: Uint8Array): void => {
      try {
        const model = parseOnnx(bytes);
        assert.ok(model.irVersion >= 1);
      } catch (error) {
        assert.ok(error instanceof EffvitError, String(error));
        assert.match(error.message, /^[^\n]+\.$/);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 500 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(good.length),
        (changes, length) => {
          const bytes = Buffer.from(good);
          for (const [index, value] of changes) bytes[index] = value;
          survives(bytes);
          survives(bytes.subarray(0, length));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('nested deeper than any model are refused', () => {
    let graph = emptyGraph('g');
    for (let i = 0; i < 70; i++) {
      const outer = emptyGraph('g');
      outer.nodes.push(makeNode('If', 'n', [], [], { body: { type: 'graph', value: graph } }));
      graph = outer;
    }
    const bytes = serializeOnnx({ ...sampleModel(), graph });
    assert.throws(() => parseOnnx(bytes), { code: 'BAD_MODEL', message: /nested more than 64 deep/ });
  });

  it('read the typed fields that other writers use', () => {
    // One TensorProto as another exporter writes it: int32_data for float16, unpacked, field by field.
    const tensor = Buffer.from([
      ...[0x08, 0x02, 0x10, 10, 0x28, 0x80, 0x78, 0x28, 0x80, 0x80, 0x01],
      ...[0x42, 1, 0x74],
    ]);
    const graph = Buffer.concat([Buffer.from([0x2a, tensor.length]), tensor]);
    const model = parseOnnx(Buffer.concat([Buffer.from([0x08, 7, 0x3a, graph.length]), graph]));
    const expected: OnnxTensor = {
      dataType: 'float16',
      dims: [2],
      data: Uint16Array.of(0x3c00, 0x4000),
    };
    assert.deepEqual(model.graph.initializers.get('t'), expected);
  });
});

describe('attributes of a node', () => {
  it('read with a fallback and refuse another type', () => {
    const [node] = sampleModel().graph.nodes;
    assert.ok(node !== undefined);
    assert.equal(getInt(node, 'axis', 0), -1);
    assert.equal(getInt(node, 'absent', 7), 7);
    assert.deepEqual(getInts(node, 'pads', []), [0, 1, -2]);
    assert.equal(getFloat(node, 'alpha', 0), 0.5);
    assert.equal(getString(node, 'mode', ''), 'naïve');
    assert.deepEqual(getTensor(node, 'value'), int64Vector([3, 4]));
    assert.equal(getTensor(node, 'absent'), null);
    assert.throws(() => getInt(node, 'mode', 0), {
      code: 'BAD_MODEL',
      message: /Expected int .* received string/,
    });
  });
});
