import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { packagePath } from '../core/packageRoot.js';
import type { CommandContext } from './CommandContext.js';
import { forEveryCommand } from './forEveryCommand.js';
import { registerBench } from './registerBench.js';
import { registerClassify } from './registerClassify.js';
import { registerCompletion } from './registerCompletion.js';
import { registerDoctor } from './registerDoctor.js';
import { registerEval } from './registerEval.js';
import { registerModel } from './registerModel.js';
import { registerNode } from './registerNode.js';
import { registerPlay } from './registerPlay.js';
import { registerQuantize } from './registerQuantize.js';
import { registerReplay } from './registerReplay.js';
import { registerToolchain } from './registerToolchain.js';
import { registerTop } from './registerTop.js';

/** The whole command line as commander's tree; parsing it runs what was asked for. */
export function buildProgram(context: CommandContext): Command {
  const { version } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string };
  const program = new Command('effvit')
    .description('Image classification for ROS 2: pictures, bags and camera topics in, top-k out.')
    .version(version)
    // So that one of them may hand on what it does not know.
    .enablePositionalOptions()
    .addHelpText('after', '\nExample: effvit replay bags/signs_drive --report drive.html\n');
  registerClassify(program, context);
  registerReplay(program, context);
  registerEval(program, context);
  registerModel(program, context);
  registerBench(program, context);
  registerDoctor(program, context);
  registerQuantize(program, context);
  registerToolchain(program, context);
  registerNode(program, context);
  registerPlay(program, context);
  registerTop(program, context);
  registerCompletion(program, context);
  forEveryCommand(program, (command) =>
    command.exitOverride().showHelpAfterError('(run with --help for the options)'),
  );
  return program;
}
