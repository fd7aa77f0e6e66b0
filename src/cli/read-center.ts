import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { centerSpecSchema } from '../contract/index.ts';
import type { CenterSpec } from '../contract/index.ts';
import { checkReferences } from './check-references.ts';

type Path = readonly (string | number)[];

/** A fault of the file: where, in which field, and what to do about it. */
export type CenterFault = { line: number; column: number; field: string; message: string };

export type ReadCenter =
  | { ok: true; spec: CenterSpec; locate: (path: string, message: string) => CenterFault }
  | { ok: false; faults: CenterFault[]; problems: string[] };

const MAX_FAULTS = 50;

/** Reads an office file (YAML, or JSON, which is YAML too). Every fault has its line and field. */
export function readCenter(text: string, fileName = ''): ReadCenter {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faultAt = (offset: number, field: string, message: string): CenterFault => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), field, message };
  };
  const refuse = (faults: CenterFault[]): ReadCenter => {
    const shown = faults.slice(0, MAX_FAULTS);
    return { ok: false, faults: shown, problems: shown.map((f) => faultLine(f, fileName)) };
  };
  if (document.errors.length > 0) {
    return refuse(document.errors.map(({ pos, message }) => faultAt(pos[0], '', message)));
  }
  const at = (path: Path, message: string): CenterFault =>
    faultAt(offsetOf(document, path), fieldName(path), message);
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    return refuse([faultAt(0, '', error instanceof Error ? error.message : String(error))]);
  }
  const parsed = centerSpecSchema.safeParse(content);
  if (!parsed.success) {
    return refuse(parsed.error.issues.flatMap((issue) => faultsOf(issue, document, at)));
  }
  const broken = checkReferences(parsed.data);
  if (broken.length > 0) return refuse(broken.map(({ path, message }) => at(path, message)));
  return { ok: true, spec: parsed.data, locate: (path, message) => at(splitPath(path), message) };
}

/** `center.yaml:12:9 subscribers[0].numbers[1]: …` */
export function faultLine({ line, column, field, message }: CenterFault, fileName: string): string {
  const place = `${fileName === '' ? 'line ' : `${fileName}:`}${line}:${column}`;
  return `${place} ${field === '' ? '' : `${field}: `}${message}`;
}

type Issue = {
  code: string;
  path: PropertyKey[];
  message: string;
  keys?: string[];
  expected?: string;
};

function faultsOf(
  issue: Issue,
  document: Document,
  at: (path: Path, message: string) => CenterFault,
): CenterFault[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => at([...path, key], 'is not a known field'));
  }
  const value = path.length === 0 ? document.contents : document.getIn(path);
  if (issue.code === 'invalid_type' && issue.expected === 'string' && typeof value === 'number') {
    return [at(path, 'must be text: put it in quotes, or its leading zeros are lost')];
  }
  if (value === undefined) return [at(path, 'is missing')];
  return [at(path, issue.message)];
}

/** Where a field stands: its key for a missing or unknown one, else its value or nearest parent. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const part = path.slice(0, length);
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(part.slice(0, -1), true);
    const name = part.at(-1);
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === name);
      if (isPair(pair) && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node: unknown = document.getIn(part, true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return isNode(document.contents) && document.contents.range ? document.contents.range[0] : 0;
}

function fieldName(path: Path): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`;
    return name === '' ? part : `${name}.${part}`;
  }, '');
}

/** The server's `subscribers.0.numbers.1`, as a path. */
function splitPath(path: string): Path {
  if (path === '') return [];
  return path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
