import { EffvitError } from '../core/EffvitError.js';
import { nearestName } from '../core/nearestName.js';
import { type YamlProblem, yamlError } from '../core/YamlLines.js';
import type { OnnxGraph } from '../onnx/OnnxModel.js';
import { type MakertbinConfig, type NodeInfo, NUMBERED_INPUT_TYPE } from './makertbinSchema.js';
import { operatorClass } from './operatorClass.js';
import type { NodeRequest } from './planNodes.js';
import type { Precision } from './QuantParams.js';
import type { MakertbinFile } from './readMakertbinConfig.js';

/**
 * The precisions that a configuration requests for nodes of the graph, by node name: `optimization` for all nodes or a
 * kind, then run_on_cpu, run_on_bpu, set_node_data_type, node_info, each over those before. ON: CPU is float,
 * as there the vendor's runtime computes in float; ON: BPU without types is int8.
 *
 * @throws EffvitError BAD_CONFIG: every node that the graph does not have, with its line
 */
export function nodeRequests(source: MakertbinFile, graph: OnnxGraph): Map<string, NodeRequest> {
  const { config } = source;
  const { model_parameters: model, calibration_parameters: calibration } = config;
  const problems: YamlProblem[] = [];
  const names = new Set(graph.nodes.map((node) => node.name));
  const requests = new Map<string, NodeRequest>();
  const add = (name: string, request: NodeRequest): void => {
    requests.set(name, { ...requests.get(name), ...request });
  };
  const ask = (name: string, path: readonly string[], request: NodeRequest): void => {
    if (names.has(name)) add(name, request);
    else {
      const message = `the model has no node ${unknownNode(name, names)}`;
      problems.push({ line: source.lineOf(path), path: path.slice(0, 2).join('.'), message });
    }
  };
  addOptimization(graph, calibration.optimization, add);
  for (const [key, precision] of [
    ['run_on_cpu', 'float'],
    ['run_on_bpu', 'int8'],
  ] as const) {
    for (const name of calibration[key]) ask(name, ['calibration_parameters', key], both(precision));
  }
  for (const [name, type] of Object.entries(model.set_node_data_type)) {
    ask(name, ['model_parameters', 'set_node_data_type', name], { output: type });
  }
  for (const [name, info] of Object.entries(model.node_info)) {
    ask(name, ['model_parameters', 'node_info', name], infoRequest(info));
  }
  if (problems.length > 0) throw yamlError('BAD_CONFIG', source.file, source.file, problems);
  return requests;
}

/** The precision of the model's outputs: float32, unless the configuration requests integers, as a BPU gives them. */
export function modelOutputPrecision(config: MakertbinConfig): Precision {
  const { optimization } = config.calibration_parameters;
  if (optimization.includes('set_model_output_int16')) return 'int16';
  return optimization.includes('set_model_output_int8') ? 'int8' : 'float';
}

function both(precision: Precision): NodeRequest {
  return { input: precision, output: precision };
}

function infoRequest(info: NodeInfo): NodeRequest {
  if (info.ON === 'CPU') return both('float');
  const single = new Map<number, Precision>();
  for (const [key, value] of Object.entries(info)) {
    const index = NUMBERED_INPUT_TYPE.exec(key)?.[1];
    if (index !== undefined && (value === 'int8' || value === 'int16')) single.set(Number(index), value);
  }
  return {
    input: info.InputType ?? 'int8',
    output: info.OutputType ?? 'int8',
    ...(single.size > 0 && { inputs: single }),
  };
}

/** Adds `set_all_nodes_int16`, `set_Softmax_input_int8` and the like, as requests for the nodes that they mean. */
function addOptimization(
  graph: OnnxGraph,
  entries: readonly string[],
  add: (name: string, request: NodeRequest) => void,
): void {
  for (const entry of entries) {
    const [, kind, side, bits] = /^set_(?:all_nodes|(\w+)_(input|output))_(int8|int16)$/.exec(entry) ?? [];
    const precision = bits === 'int16' ? 'int16' : 'int8';
    for (const node of graph.nodes) {
      if (entry.startsWith('set_all_nodes_')) {
        const kindOfNode = operatorClass(node, graph);
        if (kindOfNode === 'weighted' || kindOfNode === 'pooling' || kindOfNode === 'other') {
          add(node.name, both(precision));
        }
      } else if (node.opType === kind) {
        add(node.name, side === 'input' ? { input: precision } : { output: precision });
      }
    }
  }
}

/**
 * Names of the nodes that a pattern means: a node's name, in which `*` matches any text (`*Softmax*`).
 *
 * @throws EffvitError BAD_ARGUMENT if it means none
 */
export function nodesMatching(graph: OnnxGraph, pattern: string): string[] {
  const names = graph.nodes.map((node) => node.name);
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${parts.join('.*')}$`);
  const matching = names.filter((name) => expression.test(name));
  if (matching.length > 0) return matching;
  throw new EffvitError('BAD_ARGUMENT', `The model has no node ${unknownNode(pattern, names)}.`);
}

/** The name, with the most similar one of the graph. */
function unknownNode(name: string, names: Iterable<string>): string {
  const near = nearestName(name, names);
  return near === undefined ? name : `${name} (nearest: ${near})`;
}
