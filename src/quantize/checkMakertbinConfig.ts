import type { YamlLines, YamlProblem } from '../core/YamlLines.js';

type Values = Readonly<Record<string, unknown>>;

/** Which runtime formats the compiler converts to which training format (the manual's table). */
const RUNTIME_TYPES: Readonly<Record<string, readonly string[]>> = {
  yuv444: ['nv12', 'yuv444'],
  rgb: ['nv12', 'yuv444', 'rgb', 'bgr'],
  bgr: ['nv12', 'yuv444', 'rgb', 'bgr'],
  gray: ['gray'],
  featuremap: ['featuremap'],
};

/**
 * Rules between keys, which a schema of single keys cannot hold. Looks at the raw file, so that its problems
 * are reported together with the schema's; a value of a wrong type is left to the schema.
 */
export function checkMakertbinConfig(raw: unknown, lines: YamlLines): YamlProblem[] {
  const root = valuesOf(raw);
  const input = valuesOf(root['input_parameters']);
  const calibration = valuesOf(root['calibration_parameters']);
  const problems: YamlProblem[] = [];
  const report = (group: string, key: string, message: string): void => {
    problems.push({ line: lines.ofPath([group, key]), path: `${group}.${key}`, message });
  };

  const normType = entries(input['norm_type'])[0] ?? '';
  for (const [key, part] of [
    ['mean_value', 'mean'],
    ['scale_value', 'scale'],
  ] as const) {
    if (normType.includes(part) && isEmpty(input[key])) {
      report('input_parameters', key, `norm_type ${normType} needs it`);
    }
    const numbers = entries(input[key])[0]?.split(/\s+/) ?? [];
    if (numbers.length !== 0 && numbers.length !== 1 && numbers.length !== 3) {
      report('input_parameters', key, `expected one number or one a channel (3), got ${numbers.length}`);
    }
  }

  for (const key of ['input_type_train', 'input_layout_train', 'input_type_rt', 'norm_type'] as const) {
    if (typeof input[key] === 'string' && entries(input[key]).length === 0) {
      report('input_parameters', key, 'is empty');
    }
  }
  const inputCount = Math.max(1, entries(input['input_name']).length);
  for (const key of Object.keys(input)) {
    const count = entries(input[key]).length;
    if (inputCount > 1 && count > 1 && count !== inputCount) {
      report('input_parameters', key, `has ${count} entries for ${inputCount} names in input_name`);
    }
  }

  entries(input['input_type_train']).forEach((train, index) => {
    const allowed = RUNTIME_TYPES[train];
    const runtime = entries(input['input_type_rt'])[index];
    if (allowed !== undefined && runtime !== undefined && !allowed.includes(runtime)) {
      report(
        'input_parameters',
        'input_type_rt',
        `${runtime} cannot be converted to input_type_train ${train}, which takes ${allowed.join(', ')}`,
      );
    }
  });

  const type = calibration['calibration_type'];
  if (type !== 'skip' && type !== 'load' && isEmpty(calibration['cal_data_dir'])) {
    report(
      'calibration_parameters',
      'cal_data_dir',
      'names no folder, which only skip and load can do without',
    );
  }
  const compiler = valuesOf(root['compiler_parameters']);
  if (compiler['compile_mode'] === 'balance' && isEmpty(compiler['balance_factor'])) {
    report('compiler_parameters', 'balance_factor', 'compile_mode balance needs it');
  }
  return problems;
}

function valuesOf(value: unknown): Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : {};
}

function entries(value: unknown): string[] {
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'string') return [];
  return value
    .split(';')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}
