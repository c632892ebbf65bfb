import { type Document, isMap, isScalar, visit } from 'yaml';
import { YamlLines, type YamlProblem } from '../core/YamlLines.js';

/**
 * Parses YAML as the vendor's tools do, which read it with PyYAML: YAML 1.1 (`True`, a bare `ON` as a
 * boolean), brackets that may close at any indentation, a key that may come twice with one value. Tabs as
 * indentation and keys with two different values are problems; the document is valid only if there are none.
 */
export function parseVendorYaml(content: string) {
  const lines = new YamlLines(indentFlowLines(content), { version: '1.1', uniqueKeys: false });
  const { document } = lines;
  const syntax = [tabProblems(content), lines.problems].find((problems) => problems.length > 0);
  return { document, lines, problems: syntax ?? contradictions(document, lines) };
}

function tabProblems(content: string): YamlProblem[] {
  return content.split('\n').flatMap((line, index) => {
    const isTab = /^ *\t\s*\S/.test(line);
    return isTab ? [{ line: index + 1, path: '', message: 'a tab where YAML requires spaces' }] : [];
  });
}

/**
 * Indents the lines inside brackets far enough for any YAML parser; PyYAML does not look at their indentation,
 * and files of the model zoo close a node_info at the margin. Lines keep their numbers.
 */
function indentFlowLines(content: string): string {
  let depth = 0;
  let quote = '';
  let result = '';
  for (let index = 0; index < content.length; index++) {
    const character = content[index] ?? '';
    const before = content[index - 1] ?? '\n';
    result += character;
    if (quote !== '') {
      if (quote === '"' && character === '\\') result += content[++index] ?? '';
      else if (character === quote) quote = '';
    } else if (character === '#' && /\s/.test(before)) {
      const end = content.indexOf('\n', index);
      const stop = end === -1 ? content.length : end;
      result += content.slice(index + 1, stop);
      index = stop - 1;
    } else if ((character === '"' || character === "'") && /[\s:,[{(]/.test(before)) quote = character;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth = Math.max(0, depth - 1);
    else if (character === '\n' && depth > 0) result += ' '.repeat(16);
  }
  return result;
}

function contradictions(document: Document, lines: YamlLines): YamlProblem[] {
  const problems: YamlProblem[] = [];
  visit(document, {
    Map(_key, map) {
      const seen = new Map<string, string>();
      for (const { key, value } of map.items) {
        const name = String(isScalar(key) ? key.value : key);
        const text = JSON.stringify(value);
        const first = seen.get(name);
        if (first !== undefined && first !== text) {
          const offset = isScalar(key) || isMap(key) ? (key.range?.[0] ?? 0) : 0;
          problems.push({ line: lines.atOffset(offset), path: '', message: `${name} has two values` });
        }
        seen.set(name, text);
      }
    },
  });
  return problems;
}
