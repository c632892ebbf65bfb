import { fileError } from '../core/EffvitError.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { GraphFacts, OutputFacts } from './graphFacts.js';

const IMAGENET_COUNTS: ReadonlySet<number | undefined> = new Set([1000, 1001]);

/**
 * Chooses the output with the scores: the one named by the manifest, else the one whose class count is the manifest's,
 * the number of labels, or ImageNet's; of logits and their probabilities, the probabilities.
 *
 * @returns undefined if the graph has no candidate, which loading the model then reports.
 * @throws EffvitError BAD_MANIFEST if there are several candidates, with the line of manifest.yaml that chooses one.
 */
export function chooseScores(
  manifest: ModelManifest,
  facts: GraphFacts,
  onnxPath: string,
): OutputFacts | undefined {
  const { name, classCount } = manifest.output;
  if (name !== undefined) return facts.outputs.find((output) => output.name === name);
  let candidates = facts.outputs;
  const wanted = classCount ?? facts.labels?.length;
  candidates = unlessNone(candidates, (output) => output.classCount === wanted);
  candidates = unlessNone(candidates, (output) => !/(?:^|[^a-z])aux/i.test(output.name));
  candidates = unlessNone(candidates, (output) => IMAGENET_COUNTS.has(output.classCount));
  const isSameCount = new Set(candidates.map((output) => output.classCount)).size === 1;
  if (isSameCount)
    candidates = unlessNone(candidates, ({ activation }) => activation.kind === 'probabilities');
  const [only, another] = candidates;
  if (another === undefined) return only;
  const names = candidates.map((output) => `${output.name} (${output.classCount ?? '?'} values)`).join(', ');
  throw fileError(
    'BAD_MANIFEST',
    onnxPath,
    `has ${facts.outputs.length} outputs, and each of ${names} may have the scores: write the line \`output: { name: ${another.name} }\` into a manifest.yaml beside it, with the one to use`,
  );
}

function unlessNone(
  outputs: readonly OutputFacts[],
  matches: (output: OutputFacts) => boolean,
): readonly OutputFacts[] {
  const wanted = outputs.filter(matches);
  return wanted.length === 0 ? outputs : wanted;
}
