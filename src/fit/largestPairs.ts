/**
 * The largest sum of the magnitudes of two neighbouring weights of one sign, for each output channel: which the
 * 16-bit additions of x86 CPUs without VNNI must hold (`vpmaddubsw` adds the products of two neighbours).
 * Neighbours are those in the order of the tensor and, for a convolution, in the order position by position that
 * ONNX Runtime brings the weights into. A weight alone counts too, so that no result is below the largest one.
 *
 * @param channelAxis the dimension that the output channels lie in
 */
export function largestPairs(
  values: ArrayLike<number>,
  dims: readonly number[],
  channelAxis: number,
): Float64Array {
  const channels = dims[channelAxis] ?? 1;
  const inner = dims.slice(channelAxis + 1).reduce((a, b) => a * b, 1);
  const largest = new Float64Array(channels);
  const previous = new Float64Array(channels);
  const visit = (index: number): void => {
    const channel = Math.floor(index / inner) % channels;
    const value = values[index] ?? 0;
    const before = previous[channel] ?? 0;
    const sum = value * before > 0 ? Math.abs(value + before) : Math.abs(value);
    if (sum > (largest[channel] ?? 0)) largest[channel] = sum;
    previous[channel] = value;
  };
  for (let index = 0; index < values.length; index++) visit(index);
  if (channelAxis !== 0 || dims.length < 3) return largest;
  previous.fill(0);
  const inputs = dims[1] ?? 1;
  const positions = inner / inputs;
  for (let channel = 0; channel < channels; channel++) {
    for (let position = 0; position < positions; position++) {
      for (let input = 0; input < inputs; input++) visit((channel * inputs + input) * positions + position);
    }
  }
  return largest;
}
