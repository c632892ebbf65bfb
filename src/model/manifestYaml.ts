import { snakeCased } from '../core/keyCase.js';
import type { ModelManifest } from './ModelManifest.js';

/**
 * The manifest.yaml of a model made from another one: preprocessing and output are copied; tensor names are left out,
 * since a classifier has one input and one output.
 *
 * @param labels value of the key `labels`
 */
export function inheritedManifestYaml(
  { licence, sources, input, preprocess, output }: ModelManifest,
  classCount: number,
  labels: string,
): object {
  const { yuvRange: range, ...resize } = preprocess;
  const { activation, temperature } = output;
  const content = {
    licence,
    sources,
    input: { ...input, name: undefined },
    preprocess: { ...resize, range },
    output: { classCount, activation, temperature },
    labels,
  };
  return snakeCased(content) as object;
}
