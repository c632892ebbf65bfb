/** Where the compiler put a node, and what quantising made of its output. */
export interface NodePlacement {
  readonly name: string;
  readonly opType: string;
  readonly runsOn: 'BPU' | 'CPU';
  /** Part of the graph that runs as a whole; undefined on the CPU. */
  readonly subgraph?: number;
  /** int8, int16, float. */
  readonly dataType: string;
  /** Of its output to the float model's on a calibration picture; undefined if the compiler says none. */
  readonly cosine?: number;
}

/** Name, place, subgraph or --, operator, cosine, threshold, type. */
const ROW = /^(\S+)\s+(BPU|CPU|JIT)\s+(id\((\d+)\)|--)\s+(\S+)\s+(-?[\d.]+|--|nan)\s+(\S+)\s+(\S+)\s*$/;

/**
 * The table of nodes in the compiler's log. It cuts long names at their front; they are completed by the names given.
 *
 * @param names of the quantised graph's nodes, in its order
 */
export function parseNodePlacements(lines: Iterable<string>, names: readonly string[]): NodePlacement[] {
  const rest = [...names];
  const placements: NodePlacement[] = [];
  for (const line of lines) {
    const [, shown = '', place, , subgraph, opType = '', cosine = '--', , dataType = ''] =
      ROW.exec(line) ?? [];
    if (place === undefined) continue;
    placements.push({
      name: fullName(shown, rest),
      opType,
      runsOn: place === 'BPU' ? 'BPU' : 'CPU',
      ...(subgraph !== undefined && { subgraph: Number(subgraph) }),
      dataType,
      ...(Number.isFinite(Number(cosine)) && { cosine: Number(cosine) }),
    });
  }
  return placements;
}

/** Several may end alike: each is taken once, in the graph's order. */
function fullName(shown: string, rest: string[]): string {
  if (!shown.startsWith('...')) return shown;
  const end = shown.slice(3);
  const index = rest.findIndex((name) => name.endsWith(end));
  return index < 0 ? shown : (rest.splice(index, 1)[0] ?? shown);
}

/** What would bring a node to the BPU, or why it does not matter. */
export function cpuRemedy(node: NodePlacement, isLast: boolean): string {
  const kind = node.opType.replace(/^Hz(?:S?Quantized|S)?/, '');
  if (isLast && /^(?:Reshape|Transpose|Flatten|Squeeze|Unsqueeze|Identity)$/.test(kind)) {
    return 'nothing to do: it only renames the shape of the output';
  }
  if (/Dequantize|Quantize|Cast/.test(kind)) {
    return 'borders a node on the CPU: bring that one to the BPU, or set_model_output_int16 in optimization';
  }
  if (kind === 'Softmax') {
    return `node_info: "${node.name}": { "ON": "BPU", "InputType": "int16", "OutputType": "int16" }`;
  }
  return `node_info: "${node.name}": { "ON": "BPU" }, or replace ${kind} by operators that the BPU has`;
}
