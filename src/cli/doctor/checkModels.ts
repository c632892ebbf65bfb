import { checkMarch } from '../../classify/bpuBackendSpec.js';
import { asEffvitError } from '../../core/EffvitError.js';
import { detectChip, systemRoot } from '../../inference/bpu/detectChip.js';
import { type BpuChip, MARCH_OF_CHIP } from '../../model/BpuChip.js';
import type { ModelManifest } from '../../model/ModelManifest.js';
import { describeKind, type ModelFileStatus, modelFiles, pullCommand } from '../../model/modelFiles.js';
import { readBpuTarget } from '../../model/readBpuFile.js';
import { knownModelNames, resolveModel } from '../../model/resolveModel.js';
import { type Finding, type Machine, ok, problem, warning } from './Finding.js';

/** Every model with a file on this machine: its files, whether they are complete, and whether a .bin fits the chip. */
export async function checkModels(machine: Machine): Promise<Finding[]> {
  const { env, root } = machine;
  const chip = detectChip(systemRoot(env, root), env);
  const findings: Finding[] = [];
  for (const name of await knownModelNames(env)) {
    try {
      findings.push(...(await checkModel(await resolveModel(name, env), chip, env)));
    } catch (error) {
      const { message } = asEffvitError(error);
      findings.push(problem(`model ${name}`, message.replace(/\.$/, ''), `correct or remove it`));
    }
  }
  if (findings.length > 0) return findings;
  return [problem('models', 'no model has its files on this machine', 'effvit model pull efficientvit_m5')];
}

async function checkModel(
  manifest: ModelManifest,
  chip: BpuChip | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Finding[]> {
  const name = `model ${manifest.name}`;
  const files = await modelFiles(manifest, env);
  const present = files.filter(({ isPresent }) => isPresent);
  if (present.length === 0) return [];
  for (const file of present) {
    const wrong = await fileProblem(manifest, file, chip);
    if (wrong !== undefined) return [problem(name, wrong, pullCommand(manifest, file.chip))];
  }
  const kinds = present.map((file) => describeKind(file.kind, file.chip)).join(', ');
  const forChip = files.find((file) => file.kind === 'bpu' && file.chip === chip);
  if (chip === undefined || forChip?.isPresent === true) return [ok(name, `has ${kinds}`)];
  const found = `has ${kinds}, but no .bin file for this ${chip}: it runs on the CPU`;
  const remedy =
    forChip === undefined ? `compile it with march ${MARCH_OF_CHIP[chip]}` : pullCommand(manifest, chip);
  return [warning(name, found, remedy)];
}

/** What is wrong with a present file. */
async function fileProblem(
  manifest: ModelManifest,
  file: ModelFileStatus,
  machine: BpuChip | undefined,
): Promise<string | undefined> {
  const wanted = file.source?.lengthBytes;
  if (wanted !== undefined && file.lengthBytes !== wanted) {
    return `${file.path} has ${file.lengthBytes} bytes, not the ${wanted} of its manifest`;
  }
  // A bare file is listed under every chip; only the machine's own chip matters.
  const chip = manifest.origin === 'file' ? machine : file.chip;
  if (file.kind !== 'bpu' || chip === undefined) return undefined;
  try {
    checkMarch(file.path, await readBpuTarget(file.path), chip);
    return undefined;
  } catch (error) {
    return asEffvitError(error).message.replace(/\.$/, '').split(': ')[0];
  }
}
