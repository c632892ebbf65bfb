/** Where a node runs, and how quantisation changed its output. */
export interface NodePlacement {
  readonly name: string;
  readonly opType: string;
  readonly runsOn: 'BPU' | 'CPU';
  /** Number of the subgraph that the BPU runs as a whole; undefined on the CPU. */
  readonly subgraph?: number;
  /** int8, int16 or float. */
  readonly dataType: string;
  /** Cosine similarity of its output and the float model's on a calibration picture, if the compiler reports it. */
  readonly cosine?: number;
}

/** Columns: name, BPU or CPU, subgraph or --, operator, cosine, threshold, type. */
const ROW = /^(\S+)\s+(BPU|CPU|JIT)\s+(id\((\d+)\)|--)\s+(\S+)\s+(-?[\d.]+|--|nan)\s+(\S+)\s+(\S+)\s*$/;

/**
 * Parses the table of nodes in the compiler's log. The log cuts off the start of long names; `names` completes them.
 *
 * @param names of the quantised graph's nodes, in the graph's order.
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

/** Several names may have the same end: each is used once, in the graph's order. */
function fullName(shown: string, rest: string[]): string {
  if (!shown.startsWith('...')) return shown;
  const end = shown.slice(3);
  const index = rest.findIndex((name) => name.endsWith(end));
  return index < 0 ? shown : (rest.splice(index, 1)[0] ?? shown);
}

/** The change that moves a node to the BPU, or why it does not matter. */
export function cpuRemedy(node: NodePlacement, isLast: boolean): string {
  const kind = node.opType.replace(/^Hz(?:S?Quantized|S)?/, '');
  if (isLast && /^(?:Reshape|Transpose|Flatten|Squeeze|Unsqueeze|Identity)$/.test(kind)) {
    return 'nothing to do: it only changes the shape of the output';
  }
  if (/Dequantize|Quantize|Cast/.test(kind)) {
    return 'is next to a node on the CPU: move that one to the BPU, or set set_model_output_int16 in optimization';
  }
  if (kind === 'Softmax') {
    return `node_info: "${node.name}": { "ON": "BPU", "InputType": "int16", "OutputType": "int16" }`;
  }
  return `node_info: "${node.name}": { "ON": "BPU" }, or replace ${kind} by operators that the BPU has`;
}
