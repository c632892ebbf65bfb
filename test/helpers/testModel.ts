import type { OnnxGraph, OnnxModel } from '../../src/onnx/OnnxModel.js';

/** A model of opset 13 around a graph that a test made. */
export function testModel(graph: OnnxGraph): OnnxModel {
  return {
    irVersion: 8,
    producerName: 'effvit tests',
    producerVersion: '',
    domain: '',
    modelVersion: 1,
    docString: '',
    opsets: [{ domain: '', version: 13 }],
    metadata: new Map(),
    graph,
    opaque: {},
  };
}
