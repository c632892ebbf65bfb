/** One command of a documented line. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** Files that its output is redirected to. */
  readonly outputs: readonly string[];
}

type Token =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'operator'; readonly text: string };

const OPERATOR = /^(?:&&|\|\||>>|<\(|[;|&<>()])/;

/**
 * The commands of shell text as documents have it: words in quotes, comments, lines that go on after a backslash,
 * `&&`, pipes, redirections, `<( )` with a command of its own. Expansions stay as they are written.
 *
 * @throws Error where a quote is left open
 */
export function shellCommands(text: string): ShellCommand[] {
  return text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .flatMap((line) => commandsOf(tokens(line)));
}

function tokens(line: string): Token[] {
  const found: Token[] = [];
  let rest = line.trimStart();
  while (rest !== '') {
    if (rest.startsWith('#')) break;
    const operator = OPERATOR.exec(rest)?.[0];
    if (operator !== undefined) {
      found.push({ kind: 'operator', text: operator });
      rest = rest.slice(operator.length).trimStart();
      continue;
    }
    let word = '';
    let match = wordPart(rest);
    while (match !== undefined) {
      word += match.text;
      rest = rest.slice(match.length);
      match = wordPart(rest);
    }
    found.push({ kind: 'word', text: word });
    rest = rest.trimStart();
  }
  return found;
}

/** The next piece of a word: between quotes, behind a backslash, or plain; none at a blank or an operator. */
function wordPart(rest: string): { readonly text: string; readonly length: number } | undefined {
  const [first = ''] = rest;
  if (first === '' || /\s/.test(first) || OPERATOR.test(rest)) return undefined;
  if (first === '\\') return { text: rest.slice(1, 2), length: 2 };
  if (first !== "'" && first !== '"') return { text: first, length: 1 };
  const end = rest.indexOf(first, 1);
  if (end < 0) throw new Error(`There is a quote without an end: ${rest}`);
  return { text: rest.slice(1, end), length: end + 1 };
}

function commandsOf(all: readonly Token[]): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let outputs: string[] = [];
  const end = (): void => {
    if (words.length > 0) commands.push({ words, outputs });
    words = [];
    outputs = [];
  };
  for (let index = 0; index < all.length; index++) {
    const token = all[index];
    if (token === undefined) break;
    if (token.kind === 'word') {
      words.push(token.text);
    } else if (token.text.startsWith('>') || token.text === '<') {
      const target = all[++index];
      if (target?.kind === 'word' && token.text !== '<') outputs.push(target.text);
    } else {
      end();
    }
  }
  end();
  return commands;
}
