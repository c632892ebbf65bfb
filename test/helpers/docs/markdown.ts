import { readdirSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';

/** Every document of the repository, relative to its root. */
export function documents(): string[] {
  const names = readdirSync(packagePath('docs'), { recursive: true, encoding: 'utf8' }).sort();
  return [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'training/README.md',
    ...names.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  ];
}

/** A place in a document with what stands there. */
export interface DocText {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

const SHELL = ['sh', 'bash', 'shell', 'console'] as const;

/** What a line of shell begins with, so that no block escapes by having no name of a language. */
const PROGRAM =
  /^\s*(?:[A-Z_]+=\S+ )*(?:sudo )?(?:\.\/)?(?:effvit|npx|npm|node|ros2|rqt|colcon|git|cd|mkdir|source|pip|python3?|apt|docker|cmake)\b/m;

/** A fenced block. */
export interface CodeBlock extends DocText {
  /** As the fence names it; empty where it does not. */
  readonly language: string;
}

/** All fenced blocks, without the indentation of their fences. */
export function codeBlocks(file: string, markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = markdown.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const open = /^(\s*)(`{3,}|~{3,})\s*(\w*)/.exec(lines[index] ?? '');
    if (open === null) continue;
    const [, indent = '', fence = '', language = ''] = open;
    const first = index + 1;
    while (++index < lines.length && !(lines[index] ?? '').trim().startsWith(fence));
    const content = lines.slice(first, index).map((line) => line.slice(Math.min(indent.length, line.length)));
    blocks.push({ file, line: first + 1, text: content.join('\n'), language });
  }
  return blocks;
}

/** Fenced blocks of shell: those that say so, and those without a language that hold a command. */
export function shellBlocks(file: string, markdown: string): DocText[] {
  return codeBlocks(file, markdown)
    .filter(
      ({ language, text }) =>
        SHELL.some((name) => name === language) || (language === '' && PROGRAM.test(text)),
    )
    .map(({ line, text }) => ({ file, line, text }));
}

/** Commands between single backquotes in the running text; what stands in a fenced block is left out. */
export function inlineCommands(file: string, markdown: string): DocText[] {
  let isFenced = false;
  return markdown.split('\n').flatMap((line, index) => {
    if (/^\s*(?:`{3,}|~{3,})/.test(line)) {
      isFenced = !isFenced;
      return [];
    }
    if (isFenced) return [];
    return [...line.matchAll(/`([^`]+)`/g)]
      .map(([, text = '']) => ({ file, line: index + 1, text }))
      .filter(({ text }) =>
        /^(?:[A-Z_]+=\S+ )*(?:effvit|npx effvit|npm (?:run|start|test)|node \S+\.m?js|ros2 launch)(?: |$)/.test(
          text,
        ),
      );
  });
}
