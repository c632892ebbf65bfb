import assert from 'node:assert/strict';
import { graphFacts } from '../../../src/fit/graphFacts.js';
import { intsAttr, makeNode } from '../../../src/onnx/OnnxModel.js';
import { type ClassifierGraphOptions, classifierGraph, type Step } from '../../helpers/classifierGraph.js';

const inputOf = (options: ClassifierGraphOptions) => graphFacts(classifierGraph(options)).input;

describe('graphFacts', () => {
  for (const [tail, kind, operator] of [
    [[], 'logits', 'GlobalAveragePool'],
    [[['Mul', [2]]], 'logits', 'Mul'],
    [[['Softmax']], 'probabilities', 'Softmax'],
    [[['Sigmoid']], 'probabilities', 'Sigmoid'],
    [[['LogSoftmax']], 'logits', 'LogSoftmax'],
    [[['Softmax'], ['Cast'], ['Identity']], 'probabilities', 'Softmax'],
    [[['Softmax'], ['Mul', [100]]], 'logits', 'Mul'],
  ] as [Step[], string, string][]) {
    it(`recognises ${kind} by ${tail.map(([opType]) => opType).join(', ') || 'nothing'} at the end`, () => {
      const [output] = graphFacts(classifierGraph({ tail })).outputs;
      assert.deepEqual(output?.activation, { kind, operator });
      assert.equal(output?.classCount, 3);
    });
  }

  it('recognises a softmax and a sigmoid that are spelled out', () => {
    const softmax = classifierGraph();
    softmax.graph.nodes.splice(
      -1,
      1,
      makeNode('Exp', 'e', ['value_1'], ['e']),
      makeNode('ReduceSum', 's', ['e'], ['s']),
      makeNode('Div', 'd', ['e', 's'], ['scores']),
    );
    assert.equal(graphFacts(softmax).outputs[0]?.activation.operator, 'Softmax');
    const sigmoid = classifierGraph({ tail: [['Neg'], ['Exp'], ['Add', [1]], ['Div', [1], true]] });
    assert.equal(graphFacts(sigmoid).outputs[0]?.activation.operator, 'Sigmoid');
    const ratio = classifierGraph({
      tail: [
        ['Add', [1]],
        ['Div', [1], true],
      ],
    });
    assert.equal(graphFacts(ratio).outputs[0]?.activation.kind, 'logits');
  });

  for (const [head, pixelRange] of [
    [[], 'unknown'],
    [[['Relu']], 'unknown'],
    // Keras's Rescaling(1/127.5, -1), and its two forms of ImageNet's normalisation.
    [
      [
        ['Mul', [1 / 127.5]],
        ['Add', [-1]],
      ],
      '0 to 255',
    ],
    [
      [
        ['Mul', [1 / 255]],
        ['Sub', [0.485, 0.456, 0.406]],
        ['Div', [0.229, 0.224, 0.225]],
      ],
      '0 to 255',
    ],
    [
      [
        ['Sub', [123.675, 116.28, 103.53]],
        ['Div', [58.395, 57.12, 57.375]],
      ],
      '0 to 255',
    ],
    [[['Sub', [103.939, 116.779, 123.68]]], '0 to 255'],
    // TensorFlow Hub's [0, 1] to [-1, 1], and a Normalize behind ToTensor.
    [
      [
        ['Mul', [2]],
        ['Sub', [1]],
      ],
      '0 to 1',
    ],
    [
      [
        ['Sub', [0.485, 0.456, 0.406]],
        ['Div', [0.229, 0.224, 0.225]],
      ],
      '0 to 1',
    ],
    // No normalisation: a gain of one, a constant divided by the picture.
    [[['Mul', [1000]]], 'unknown'],
    [[['Div', [1], true]], 'unknown'],
  ] as [Step[], string][]) {
    it(`takes pixels of ${pixelRange} before ${JSON.stringify(head)}`, () => {
      assert.equal(inputOf({ head })?.pixelRange, pixelRange);
      assert.equal(inputOf({ head: [['Cast'], ...head], inputType: 'uint8' })?.pixelRange, '0 to 255');
    });
  }

  it('finds layout and size, and what is open', () => {
    const shapeOf = (inputShape: ClassifierGraphOptions['inputShape']) => {
      const input = inputOf({ ...(inputShape !== undefined && { inputShape }) });
      return input && [input.layout, input.widthPx, input.heightPx];
    };
    assert.deepEqual(shapeOf([1, 3, 192, 256]), ['nchw', 256, 192]);
    assert.deepEqual(shapeOf(['N', 299, 299, 3]), ['nhwc', 299, 299]);
    assert.deepEqual(shapeOf([null, 3, null, null]), ['nchw', undefined, undefined]);
    // PaddlePaddle's.
    assert.deepEqual(shapeOf([-1, 3, -1, -1]), ['nchw', undefined, undefined]);
    assert.deepEqual(shapeOf([1, 1, 28, 28]), undefined);
    assert.deepEqual(shapeOf([1, 768]), undefined);
    assert.deepEqual(shapeOf([null, null, null, null]), ['nchw', undefined, undefined]);
    const open = classifierGraph({ inputShape: [null, null, null, null] });
    open.graph.nodes.unshift(
      makeNode('Transpose', 'turn', ['picture'], ['turned'], { perm: intsAttr([0, 3, 1, 2]) }),
    );
    open.graph.nodes[1] = makeNode('GlobalAveragePool', 'pool', ['turned'], ['value_0']);
    assert.equal(graphFacts(open).input?.layout, 'nhwc');
  });

  it('recognises NV12 by its number of rows', () => {
    const nv12 = inputOf({ inputType: 'uint8', inputShape: [1, 336, 192] });
    assert.deepEqual(nv12, {
      color: 'nv12',
      layout: 'nchw',
      widthPx: 192,
      heightPx: 224,
      pixelRange: '0 to 255',
    });
    assert.equal(inputOf({ inputType: 'uint8', inputShape: [1, 224, 224, 3] })?.color, 'rgb');
  });
});
