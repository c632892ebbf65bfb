import type { OptionSpec, OptionTable } from '../../core/optionTable.js';
import { PARAMETERS } from './parameterTable.js';

const ROWS = Object.entries<OptionSpec>(PARAMETERS satisfies OptionTable);

function changes({ change }: OptionSpec): string {
  return change === 'restart' ? 'while unconfigured' : 'any time';
}

function yamlValue({ type, defaultValue: value }: OptionSpec): string {
  // ROS distinguishes integers and doubles by the decimal point.
  if (type === 'double' && Number.isInteger(value)) return `${String(value)}.0`;
  const items = Array.isArray(value) ? value.map((item) => JSON.stringify(item)) : undefined;
  return items === undefined ? JSON.stringify(value) : `[${items.join(', ')}]`;
}

function bounds({ choices, range }: OptionSpec): string {
  if (choices !== undefined) return choices.join(', ');
  return range === undefined ? '' : `${range.min} to ${range.max}`;
}

/** The table of docs/user/parameters.md: name, default, values, when it may change, meaning. */
export function parameterTable(): string {
  const rows = ROWS.map(([name, spec]) => {
    return `| \`${name}\` | \`${yamlValue(spec)}\` | ${bounds(spec)} | ${changes(spec)} | ${spec.description} |`;
  });
  return ['| parameter | default | values | changes | meaning |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

const COMMENT_COLUMNS = 100;

/** The text as lines of comments; of its words, as many as fit in each. */
function comment(text: string): string[] {
  const lines = text.matchAll(new RegExp(`(\\S.{0,${COMMENT_COLUMNS - 1}}|\\S+)(?: |$)`, 'g'));
  return [...lines].map(([, line]) => `    # ${line}`);
}

/** The text of config/classifier.yaml: every parameter with its default and its meaning. */
export function parameterYaml(): string {
  const entries = ROWS.flatMap(([name, spec]) => {
    const values = bounds(spec);
    return [
      ...comment(spec.description),
      ...comment(`${values === '' ? '' : `Values: ${values}. `}Changes ${changes(spec)}.`),
      `    ${name}: ${yamlValue(spec)}`,
      '',
    ];
  });
  return `# Every parameter of the node with its default. Written by \`npm run docs\` from the tables in
# src/classify/classifierOptions.ts and src/ros/parameters/parameterTable.ts; copy it and give the copy to
# the launch file as params_file.
/**:
  ros__parameters:
${entries.join('\n').trimEnd()}
`;
}

const BEGIN = '<!-- parameters: written by `npm run docs` -->';
const END = '<!-- end of parameters -->';

/** `page` with the table between its two marks replaced by the current one. */
export function withParameterTable(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) return page;
  return `${page.slice(0, begin + BEGIN.length)}\n${parameterTable()}\n${page.slice(end)}`;
}
