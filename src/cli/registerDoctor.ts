import { type Command, InvalidArgumentError } from 'commander';
import { toolchainStatus } from '../toolchain/toolchainStatus.js';
import type { CommandContext } from './CommandContext.js';
import { checkBpu } from './doctor/checkBpu.js';
import { checkComputer } from './doctor/checkComputer.js';
import { checkNatives, checkToolchain } from './doctor/checkInstalled.js';
import { checkModels } from './doctor/checkModels.js';
import { checkRos } from './doctor/checkRos.js';
import { type Finding, type FindingStatus, THIS_MACHINE } from './doctor/Finding.js';
import type { Terminal } from './Terminal.js';

const DEFAULT_CAMERA = { widthPx: 1920, heightPx: 1080 };
const BYTES_PER_PIXEL = 3;
const NAME_COLUMNS = 24;

/** `effvit doctor`: checks a machine; exit code 1 if something does not work. */
export function registerDoctor(command: Command, context: CommandContext): void {
  command
    .option(
      '--camera <width>x<height>',
      "the camera's image size, for the check of buffers (rgb8)",
      parseSize,
      DEFAULT_CAMERA,
    )
    .option('--json', 'one JSON object instead of lines')
    .action(async (options: { readonly camera: typeof DEFAULT_CAMERA; readonly json?: boolean }) => {
      const { widthPx, heightPx } = options.camera;
      const findings = [
        ...checkComputer(THIS_MACHINE),
        ...checkNatives(),
        ...checkRos(THIS_MACHINE, widthPx * heightPx * BYTES_PER_PIXEL),
        ...(await checkBpu(THIS_MACHINE)),
        checkToolchain(toolchainStatus()),
        ...(await checkModels(THIS_MACHINE)),
      ];
      const count = (status: FindingStatus): number => findings.filter((one) => one.status === status).length;
      if (options.json === true) {
        context.terminal.json({ problems: count('problem'), warnings: count('warning'), findings });
      } else {
        for (const finding of findings) show(finding, context.terminal);
        context.terminal.line(
          `${findings.length} checks: ${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}`,
        );
      }
      if (count('problem') > 0) context.exitCode = 1;
    });
}

function show({ name, status, found, remedy }: Finding, terminal: Terminal): void {
  const paint = { ok: terminal.green, warning: terminal.yellow, problem: terminal.red }[status];
  terminal.line(`${paint(status.padEnd(8))} ${name.padEnd(NAME_COLUMNS)} ${found}`);
  if (remedy !== undefined) terminal.line(`${' '.repeat(9)}${' '.repeat(NAME_COLUMNS)} -> ${remedy}`);
}

function parseSize(text: string): typeof DEFAULT_CAMERA {
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  const [widthPx, heightPx] = [Number(match?.[1]), Number(match?.[2])];
  if (widthPx > 0 && heightPx > 0) return { widthPx, heightPx };
  throw new InvalidArgumentError(`Expected a size such as 640x480 but received ${text}.`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
