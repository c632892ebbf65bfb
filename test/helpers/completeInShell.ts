import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const LIMIT_MS = 200_000;

export function hasShell(shell: Shell): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

function run(shell: Shell, args: readonly string[], cwd: string): string {
  const done = spawnSync(shell, args, { cwd, encoding: 'utf8', timeout: LIMIT_MS });
  if (done.status !== 0 || done.stderr !== '') {
    throw new Error(`${shell} ended with ${done.status}: ${done.stderr}${done.stdout}`);
  }
  return done.stdout;
}

/** As bash parts a line: `=` is a word of its own. */
function bashWords(line: string): string[] {
  return line.split(' ').flatMap((word) => word.split(/(=)/).filter((part) => part !== '' || word === ''));
}

const BASH = `
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_effvit
printf '%s\\n' "\${COMPREPLY[@]}"
`;

/** Inside a terminal of its own, for zsh completes nowhere else; what it offers is written down as it is added. */
const ZSHRC = `
autoload -Uz compinit && compinit -u -D
source "$EFFVIT_SCRIPT"
PROMPT=
unsetopt list_beep
zstyle ':completion:*' insert-tab false
compadd() {
  local -a offered
  if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
    builtin compadd -A offered "$@"
    print -rl -- $offered >> "$EFFVIT_OFFERED"
  fi
  builtin compadd "$@"
}
written() { print -r -- done > "$EFFVIT_OFFERED.done" }
comppostfuncs=(written)
zle-line-init() { print -r -- ready > "$EFFVIT_OFFERED.ready" }
zle -N zle-line-init
`;
const ZSH = `
zmodload zsh/zpty
export EFFVIT_SCRIPT=$1 EFFVIT_OFFERED=$2 ZDOTDIR=$3
zpty inner zsh -i
wait_for() {
  local i
  for i in {1..500}; do
    [[ -e $1 ]] && return
    # A terminal that nobody reads stops the shell in it.
    zpty -rt inner line && unset line
    sleep 0.1
  done
  print -u2 "no $1"; exit 1
}
wait_for $2.ready
zpty -w -n inner "$4"$'\\t'
wait_for $2.done
zpty -d inner
`;

/** What a shell that has read the script offers at the end of the line. */
export function completeInShell(shell: Shell, script: string, line: string, cwd: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'effvit-shell-'));
  try {
    const scriptPath = join(folder, `completion.${shell}`);
    writeFileSync(scriptPath, script);
    const lines = (text: string): string[] => text.split('\n').filter((one) => one !== '');
    switch (shell) {
      case 'bash':
        return lines(
          run(shell, ['--norc', '--noprofile', '-c', BASH, 'bash', scriptPath, ...bashWords(line)], cwd),
        );
      case 'fish': {
        const text = run(
          shell,
          ['--no-config', '-c', 'source $argv[1]; complete --do-complete $argv[2]', scriptPath, line],
          cwd,
        );
        return lines(text).map((one) => one.split('\t')[0] ?? '');
      }
      case 'zsh': {
        const offered = join(folder, 'offered');
        const config = join(folder, 'config');
        mkdirSync(config);
        writeFileSync(join(config, '.zshrc'), ZSHRC);
        writeFileSync(offered, '');
        run(shell, ['-f', '-c', ZSH, 'zsh', scriptPath, offered, config, line], cwd);
        return lines(readFileSync(offered, 'utf8'));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
