import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { manifestFromYaml } from '../../../src/model/loadManifest.js';
import { ASSUMABLE_KEYS, type ModelManifest } from '../../../src/model/ModelManifest.js';
import { parseManifest } from '../../../src/model/parseManifest.js';

const MINIMAL = `name: mine
input: { width_px: 224, height_px: 192 }
output: { class_count: 5 }
`;

function parse(text: string): ModelManifest {
  return manifestFromYaml(parseManifest(text, 'm/manifest.yaml'), '/m', 'folder');
}

function problemsOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof EffvitError, String(error));
    assert.equal(error.code, 'BAD_MANIFEST');
    assert.match(error.message, /^The manifest m\/manifest\.yaml has (a problem|\d+ problems): .*\.$/s);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return assert.fail('The manifest was taken.');
}

describe('parseManifest', () => {
  it('fills in ImageNet-style defaults', () => {
    assert.deepEqual(parse(MINIMAL), {
      name: 'mine',
      title: 'mine',
      description: '',
      licence: 'unknown',
      sources: [],
      input: {
        widthPx: 224,
        heightPx: 192,
        layout: 'nchw',
        color: 'rgb',
        mean: [123.675, 116.28, 103.53],
        scale: [0.01712475, 0.017507, 0.01742919],
      },
      preprocess: { resizeMode: 'crop', resizeShortSidePx: 256, padValue: 127, yuvRange: 'full' },
      output: { classCount: 5, activation: 'logits' },
      labels: { kind: 'auto' },
      files: { bpu: {} },
      deviceModels: {},
      published: {},
      folderPath: '/m',
      assumed: [
        'input.layout',
        'input.color',
        'input.mean',
        'input.scale',
        'preprocess.resize_short_side_px',
        'output.name',
        'output.activation',
        'labels',
      ],
      origin: 'folder',
    });
  });

  it('takes a single line, and says that the rest is assumed', () => {
    const manifest = parse('input: { color: bgr, mean: [104, 117, 123], scale: [1, 1, 1] }');
    assert.equal(manifest.name, 'm');
    assert.deepEqual(manifest.input.mean, [104, 117, 123]);
    assert.equal(manifest.output.classCount, undefined);
    const said = ['input.color', 'input.mean', 'input.scale'];
    assert.deepEqual(
      manifest.assumed,
      ASSUMABLE_KEYS.filter((key) => !said.includes(key)),
    );
  });

  it('refuses an odd size for NV12 and for a BPU, and a built file without a class count', () => {
    assert.match(
      problemsOf('input: { width_px: 225, color: nv12 }'),
      /input\.width_px: 225 is odd, and NV12, which a BPU takes, has even sides only/,
    );
    assert.match(
      problemsOf('input: { height_px: 299 }\nfiles:\n  bpu: { rdk-x5: { file: a.bin, march: bayes-e } }\n'),
      /line 1: input\.height_px: 299 is odd/,
    );
    assert.match(
      problemsOf('files:\n  weights: { file: w }\n  onnx: { builder: efficientvit, variant: m0 }\n'),
      /output\.class_count: it is missing/,
    );
    assert.equal(parse('input: { width_px: 299, height_px: 299 }').input.widthPx, 299);
  });

  it('takes every key', () => {
    const sha = 'AB'.repeat(32);
    const manifest = parse(`
name: all-keys.1
title: Everything
description: d
licence: MIT
sources: [https://example.org/paper]
input: { name: x, width_px: 160, height_px: 160, layout: nhwc, color: bgr, mean: [1, 2, 3], scale: [0.1, 0.2, 0.3] }
preprocess: { resize_mode: letterbox, resize_short_side_px: 160, pad_value: 0, range: limited }
output: { name: y, class_count: 1000, activation: probabilities }
labels: imagenet1k
files:
  weights: { file: w.safetensors, url: "https://example.org/w", length_bytes: 12, sha256: ${sha} }
  onnx: { file: sub/a.onnx }
  onnx_int8: { file: /abs/b.onnx }
  bpu:
    rdk-x5: { file: a.bin, march: bayes-e, url: "http://example.org/a.bin" }
    rdk-x3:
      file: b.bin
      march: bernoulli2
      input_source: resizer
      models: [{ batch: 1, name: one }, { batch: 4, name: four }]
  bpu_quantized: { rdk-x3: { file: q.onnx } }
device_model:
  rdk-x3:
    cores: 2
    service_ms: 3
    host_ms: 0
    kind: estimate
    ddr_bytes: 1000
    batches: [{ batch: 2, service_ms: 4.5, ddr_bytes: 600 }, { batch: 4, service_ms: 7 }]
published: { rdk-x5: { source: s, top1_float_percent: 70, max_fps: 100 } }
parameter_count: 7
mac_count: 8
`);
    assert.deepEqual(manifest.input, {
      name: 'x',
      widthPx: 160,
      heightPx: 160,
      layout: 'nhwc',
      color: 'bgr',
      mean: [1, 2, 3],
      scale: [0.1, 0.2, 0.3],
    });
    assert.deepEqual(manifest.output, { name: 'y', classCount: 1000, activation: 'probabilities' });
    assert.deepEqual(manifest.labels, { kind: 'imagenet1k' });
    assert.deepEqual(manifest.files, {
      // Fetched files keep their name: they lie in the model's folder or in the cache.
      weights: {
        file: 'w.safetensors',
        url: 'https://example.org/w',
        lengthBytes: 12,
        sha256: sha.toLowerCase(),
      },
      onnx: { file: '/m/sub/a.onnx' },
      onnxInt8: { file: '/abs/b.onnx' },
      bpu: {
        'rdk-x5': { file: 'a.bin', march: 'bayes-e', url: 'http://example.org/a.bin' },
        'rdk-x3': {
          file: '/m/b.bin',
          march: 'bernoulli2',
          inputSource: 'resizer',
          models: [
            { batch: 1, name: 'one' },
            { batch: 4, name: 'four' },
          ],
        },
      },
      bpuQuantized: { 'rdk-x3': { file: '/m/q.onnx' } },
    });
    assert.deepEqual(manifest.deviceModels, {
      'rdk-x3': {
        cores: 2,
        serviceMs: 3,
        hostMs: 0,
        kind: 'estimate',
        ddrBytes: 1000,
        batches: [
          { batch: 2, serviceMs: 4.5, ddrBytes: 600 },
          { batch: 4, serviceMs: 7 },
        ],
      },
    });
    assert.deepEqual(manifest.published, {
      'rdk-x5': { source: 's', top1FloatPercent: 70, maxFps: 100 },
    });
    assert.equal(manifest.parameterCount, 7);
    assert.equal(manifest.macCount, 8);
    assert.doesNotThrow(() => structuredClone(manifest), 'workers get it by postMessage');
  });

  it('reports every problem at once, each with its line and key', () => {
    const message = problemsOf(`name: Mine!
colour: red
input:
  width_px: "224"
  height_px: 8
  colour: rgb
  mean: [1, 2]
preprocess:
  resize_mode: squash
output:
  class_count: many
  activation: softmax
`);
    assert.match(message, /has 9 problems/);
    assert.match(message, /line 1: expected lower-case letters.* for name but received "Mine!"/);
    assert.match(message, /line 2: unknown key colour \(known here: name, title, /);
    assert.match(message, /line 4: expected a whole number .* for input\.width_px but received "224"/);
    assert.match(message, /line 5: expected a whole number .* for input\.height_px but received 8/);
    assert.match(message, /line 6: unknown key input\.colour \(known here: name, width_px, .*color/);
    assert.match(message, /line 7: expected three numbers .* for input\.mean but received \[1,2\]/);
    assert.match(
      message,
      /line 9: expected one of stretch, crop, letterbox for preprocess\.resize_mode but received "squash"/,
    );
    assert.match(message, /line 11: expected a whole number .* for output\.class_count but received "many"/);
    assert.match(message, /line 12: expected one of logits, probabilities for output\.activation/);
  });

  const singles: [string, string, RegExp][] = [
    ['an empty file', '', /line 1: expected a table of keys for the file but received null/],
    ['a list', '- a\n', /expected a table of keys for the file but received \["a"\]/],
    ['tabs', 'name: a\ninput:\n\twidth_px: 3\n', /line 3: .*[Tt]abs?/],
    ['a key twice', 'name: a\nname: b\n', /line 2: Map keys must be unique/],
    ['an unfinished quote', 'name: "a\n', /line \d: Missing closing "quote/],
    ['an unknown alias', 'name: *a\n', /Unresolved alias|a problem/],
    [
      'an alias bomb',
      `a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefghij'
        .split('')
        .map((key, index) => {
          const before = 'abcdefghi'[index];
          return `${key}: &${key} [${Array(9).fill(`*${before}`).join(', ')}]`;
        })
        .join('\n')}\n`,
      /Excessive alias count/,
    ],
    ['not a number', MINIMAL.replace('5', '.nan'), /line 3: .*output\.class_count/],
    [
      'a short side below the input',
      `${MINIMAL}preprocess: { resize_short_side_px: 200 }\n`,
      /line 4: preprocess\.resize_short_side_px: 200 is below the input's 224 px/,
    ],
    [
      'ImageNet labels for another count',
      `${MINIMAL}labels: imagenet1k\n`,
      /line 4: labels: imagenet1k has 1000 labels but output\.class_count is 5/,
    ],
    [
      'a march of another chip',
      `${MINIMAL}files:\n  bpu:\n    rdk-x5: { file: a.bin, march: bernoulli2 }\n`,
      /line 6: files\.bpu\.rdk-x5\.march: rdk-x5 runs bayes-e/,
    ],
    [
      'an unknown chip',
      `${MINIMAL}files: { bpu: { rdk-x9: { file: a.bin, march: bayes-e } } }\n`,
      /line 4: unknown key files\.bpu\.rdk-x9 \(known here: rdk-x5, rdk-x3\)/,
    ],
    [
      'a build without weights',
      `${MINIMAL}files: { onnx: { builder: efficientvit, variant: m5 } }\n`,
      /line 4: files\.onnx: an ONNX file is built from files\.weights/,
    ],
    [
      'a file and a builder',
      `${MINIMAL}files: { onnx: { file: a.onnx, builder: efficientvit, variant: m5 } }\n`,
      /either `file`, or `builder` and `variant` for files\.onnx/,
    ],
    [
      'a misspelt key of a built file',
      `${MINIMAL}files: { weights: { file: a }, onnx: { builder: efficientvit, varient: m5 } }\n`,
      /unknown key files\.onnx\.varient .*variant/,
    ],
    [
      'a download that leaves the cache folder',
      `${MINIMAL}files: { weights: { file: ../../.bashrc, url: "https://example.org/w" } }\n`,
      /plain file name .* for files\.weights\.file but received "\.\.\/\.\.\/\.bashrc"/,
    ],
    [
      'a local file outside the folder',
      `${MINIMAL}files: { weights: { file: ../w } }\n`,
      /plain file name .* for files\.weights\.file/,
    ],
    [
      'an address that is none of the web',
      `${MINIMAL}files: { weights: { file: w, url: "file:///etc/passwd" } }\n`,
      /an http or https address for files\.weights\.url/,
    ],
    [
      'half a checksum',
      `${MINIMAL}files: { weights: { file: w, sha256: abc } }\n`,
      /64 hexadecimal digits for files\.weights\.sha256 but received "abc"/,
    ],
    [
      'a device that gives time back',
      `${MINIMAL}device_model: { rdk-x5: { cores: 1, service_ms: -1, host_ms: -1 } }\n`,
      /2 problems: .*device_model\.rdk-x5\.service_ms.*device_model\.rdk-x5\.host_ms/,
    ],
    [
      'figures of an unknown kind',
      `${MINIMAL}device_model: { rdk-x5: { cores: 1, service_ms: 1, host_ms: 0, kind: guess } }\n`,
      /one of published, estimate for device_model\.rdk-x5\.kind but received "guess"/,
    ],
    [
      'a batch that comes twice',
      `${MINIMAL}device_model: { rdk-x5: { cores: 1, service_ms: 1, host_ms: 0, batches: [{ batch: 2, service_ms: 1 }, { batch: 2, service_ms: 2 }] } }\n`,
      /each batch once, the smallest first for device_model\.rdk-x5\.batches/,
    ],
  ];
  for (const [name, text, expected] of singles) {
    it(`refuses ${name}`, () => assert.match(problemsOf(text), expected));
  }

  it('answers any text with a manifest or BAD_MANIFEST', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'name: a\n',
        'input:\n',
        '  width_px: 3\n',
        'files: {',
        '&a',
        '*a',
        '<<: ',
        '\t',
        '- ',
        '? ',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          parse(pieces.join(''));
        } catch (error) {
          assert.ok(error instanceof EffvitError && error.code === 'BAD_MANIFEST', String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});
