import { sentencePart } from '../../core/EffvitError.js';

/** ONNX Runtime's messages for files that are too new or incomplete, with the remedies. */
const KNOWN: readonly (readonly [pattern: RegExp, sentence: (first: string, second: string) => string])[] = [
  [
    /External data path does not exist: "?([^"\n]+?)"?(?:$|\n)/,
    (file) => `has its weights in ${file}, which is not there: put it beside the model`,
  ],
  [
    /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    (version, max) =>
      `has ONNX IR version ${version} and this ONNX Runtime reads up to ${max}: write it with an older onnx package, or with model.ir_version = ${max}`,
  ],
  [
    /Opset (\d+) is under development.* is till opset (\d+)/,
    (version, max) =>
      `uses operators of opset ${version} and this ONNX Runtime has them up to ${max}: export it with opset_version=17`,
  ],
];

/** Why ONNX Runtime does not load a model, as a sentence about its file. @param message from ONNX Runtime. */
export function loadFault(modelPath: string, message: string): string {
  for (const [pattern, sentence] of KNOWN) {
    const match = pattern.exec(message);
    if (match !== null) return `${modelPath} ${sentence(match[1] ?? '', match[2] ?? '')}.`;
  }
  return `ONNX Runtime cannot load ${modelPath}: ${sentencePart(message)}. Give an .onnx classifier.`;
}
