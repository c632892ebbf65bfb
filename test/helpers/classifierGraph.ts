import {
  emptyGraph,
  intAttr,
  intsAttr,
  makeNode,
  type OnnxDim,
  type OnnxModel,
  type OnnxNode,
} from '../../src/onnx/OnnxModel.js';
import { float32Tensor, type OnnxDataType } from '../../src/onnx/OnnxTensor.js';
import { testModel } from './testModel.js';

/** An operator with its constant, where it has one. */
export type Step = readonly [opType: string, constant?: readonly number[], isConstantFirst?: boolean];

export interface ClassifierGraphOptions {
  readonly inputShape?: readonly OnnxDim[];
  readonly inputType?: OnnxDataType;
  /** Before the mean of each channel. */
  readonly head?: readonly Step[];
  /** After it, on [1, 3] logits. */
  readonly tail?: readonly Step[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly producer?: string;
}

/**
 * A classifier that answers with the mean red, green and blue, as an exporter may have written it: with a
 * normalisation before it and an activation behind it.
 */
export function classifierGraph(options: ClassifierGraphOptions = {}): OnnxModel {
  const { inputShape = [1, 3, 32, 32], inputType = 'float32', head = [], tail = [] } = options;
  const graph = emptyGraph('classifier');
  graph.inputs.push({ name: 'picture', dataType: inputType, shape: inputShape });
  let value = 'picture';
  const add = ([opType, constant, isConstantFirst = false]: Step): void => {
    const output = `value_${graph.nodes.length}`;
    const inputs = [value];
    if (constant !== undefined) {
      graph.initializers.set(
        `${output}_constant`,
        float32Tensor([constant.length], Float32Array.from(constant)),
      );
      if (isConstantFirst) inputs.unshift(`${output}_constant`);
      else inputs.push(`${output}_constant`);
    }
    graph.nodes.push(makeNode(opType, output, inputs, [output], opType === 'Cast' ? { to: intAttr(1) } : {}));
    value = output;
  };
  for (const step of head) add(step);
  const spread = inputShape[3] === 3 ? channelsFirst(value, graph.nodes.length) : undefined;
  if (spread !== undefined) {
    graph.nodes.push(spread);
    value = 'turned';
  }
  add(['GlobalAveragePool']);
  add(['Flatten']);
  for (const step of tail) add(step);
  graph.nodes.push(makeNode('Identity', 'end', [value], ['scores']));
  graph.outputs.push({ name: 'scores', dataType: 'float32', shape: [inputShape[0] ?? 1, 3] });
  return {
    ...testModel(graph),
    producerName: options.producer ?? 'pytorch',
    metadata: new Map(Object.entries(options.metadata ?? {})),
  };
}

function channelsFirst(input: string, at: number): OnnxNode {
  return makeNode('Transpose', `turn_${at}`, [input], ['turned'], { perm: intsAttr([0, 3, 1, 2]) });
}
