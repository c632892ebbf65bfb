import { Argument, type Command } from 'commander';
import { knownModelNames } from '../model/resolveModel.js';
import type { CommandContext } from './CommandContext.js';
import { bashCompletion } from './completion/bashCompletion.js';
import { type CommandShape, commandShape } from './completion/CommandShape.js';
import { fishCompletion } from './completion/fishCompletion.js';
import { zshCompletion } from './completion/zshCompletion.js';

const SCRIPTS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Record<string, (program: CommandShape) => string>;

/** `effvit completion SHELL`: a completion script for the shell, generated from the current commands. */
export function registerCompletion(command: Command, { terminal }: CommandContext): void {
  command
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
The words come from the installed program, so a shell that reads the script when it starts is never out of date. That
takes about half a second; where it is too long, write the script to a file that the shell reads, after every update.
Example: source <(effvit completion bash)     # in ~/.bashrc
Example: source <(effvit completion zsh)      # in ~/.zshrc, after compinit
Example: effvit completion fish | source      # in ~/.config/fish/config.fish
`,
    )
    .action(async (shell: keyof typeof SCRIPTS) => {
      // Shells expand the offered words, and a folder name may contain any character.
      const names = (await knownModelNames()).filter((name) => /^[\w.-]+$/.test(name));
      terminal.line(SCRIPTS[shell](commandShape(command.parent ?? command, names)).trimEnd());
    });
}
