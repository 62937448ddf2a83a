/** A string or template of a source file. Holes are the expressions between the parts of a template. */
export interface SourceLiteral {
  readonly parts: readonly string[];
  readonly holes: readonly string[];
  /** 1-based line on which it starts. */
  readonly line: number;
  /** Name of the constant it initialises directly, if any. */
  readonly name?: string;
}

const BEFORE_REGEX = /(?:^|[=(,:;!&|?{}[\n>+]|return|typeof|case)\s*$/;
const CONSTANT = /(?:const|let)\s+([A-Za-z_$][\w$]*)\s*(?::[^=]+)?=\s*$/;

/**
 * The string and template literals of a TypeScript file, including those inside template expressions. Parses
 * just enough of the language to find them: comments, regular expressions, nested templates.
 */
export function sourceLiterals(source: string): SourceLiteral[] {
  const found: SourceLiteral[] = [];
  scan(source, 0, source.length, 1, found);
  return found;
}

function scan(source: string, from: number, end: number, firstLine: number, found: SourceLiteral[]): void {
  let at = from;
  let counted = from;
  let line = firstLine;
  const lineAt = (position: number): number => {
    line += newlines(source, counted, position);
    counted = position;
    return line;
  };
  const nameOf = (position: number): { name?: string } => {
    const name = CONSTANT.exec(source.slice(Math.max(from, position - 120), position))?.[1];
    return name === undefined ? {} : { name };
  };
  const next = /[/'"`]/g;
  while (at < end) {
    next.lastIndex = at;
    at = next.test(source) ? next.lastIndex - 1 : end;
    if (at >= end) return;
    const char = source[at];
    if (char === '/' && source[at + 1] === '/') at = until(source, '\n', at, end);
    else if (char === '/' && source[at + 1] === '*') at = until(source, '*/', at + 2, end) + 2;
    else if (char === '/' && BEFORE_REGEX.test(source.slice(Math.max(from, at - 12), at)))
      at = afterRegex(source, at, end);
    else if (char === "'" || char === '"') {
      const close = afterQuote(source, at, end);
      found.push({
        parts: [unescaped(source.slice(at + 1, close - 1))],
        holes: [],
        line: lineAt(at),
        ...nameOf(at),
      });
      at = close;
    } else if (char === '`') {
      const template = readTemplate(source, at, end);
      found.push({
        parts: template.parts.map(unescaped),
        holes: template.holes.map(([a, b]) => source.slice(a, b)),
        line: lineAt(at),
        ...nameOf(at),
      });
      for (const [a, b] of template.holes) scan(source, a, b, lineAt(a), found);
      at = template.end;
    } else at++;
  }
}

function until(source: string, mark: string, from: number, end: number): number {
  const found = source.indexOf(mark, from);
  return found < 0 || found > end ? end : found;
}

function afterQuote(source: string, open: number, end: number): number {
  for (let at = open + 1; at < end; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === source[open] || source[at] === '\n') return at + 1;
  }
  return end;
}

function afterRegex(source: string, open: number, end: number): number {
  let inClass = false;
  for (let at = open + 1; at < end; at++) {
    const char = source[at];
    if (char === '\\') at++;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '\n' || (char === '/' && !inClass)) return at + 1;
  }
  return end;
}

interface Template {
  readonly parts: string[];
  readonly holes: [number, number][];
  readonly end: number;
}

function readTemplate(source: string, open: number, end: number): Template {
  const parts: string[] = [];
  const holes: [number, number][] = [];
  let start = open + 1;
  let at = start;
  while (at < end) {
    if (source[at] === '\\') at += 2;
    else if (source[at] === '`') {
      parts.push(source.slice(start, at));
      return { parts, holes, end: at + 1 };
    } else if (source[at] === '$' && source[at + 1] === '{') {
      parts.push(source.slice(start, at));
      const close = closingBrace(source, at + 2, end);
      holes.push([at + 2, close]);
      at = close + 1;
      start = at;
    } else at++;
  }
  parts.push(source.slice(start, end));
  return { parts, holes, end };
}

function closingBrace(source: string, from: number, end: number): number {
  let depth = 1;
  let at = from;
  while (at < end) {
    const char = source[at];
    if (char === '`') at = readTemplate(source, at, end).end;
    else if (char === "'" || char === '"') at = afterQuote(source, at, end);
    else if (char === '/' && BEFORE_REGEX.test(source.slice(Math.max(from, at - 12), at)))
      at = afterRegex(source, at, end);
    else {
      if (char === '{') depth++;
      if (char === '}' && --depth === 0) return at;
      at++;
    }
  }
  return end;
}

function newlines(source: string, from: number, to: number): number {
  let count = 0;
  for (let at = source.indexOf('\n', from); at >= 0 && at < to; at = source.indexOf('\n', at + 1)) count++;
  return count;
}

function unescaped(text: string): string {
  return text.replace(/\\(n|t|[\s\S])/g, (_, char: string) =>
    char === 'n' ? '\n' : char === 't' ? '\t' : char,
  );
}
