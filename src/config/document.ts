import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml'
import { interpolate } from './interpolate.ts'

const MAX_LENGTH = 1_048_576 // characters
const MAX_DEPTH = 32
const MAX_NODES = 20_000

/** Names that mean something to every object, and that no key of ours has (THREATS T90). */
const INHERITED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Where something stands, from the start of the text. */
export type Path = readonly (string | number)[]

/** A mistake at a path, before line and column are looked up. */
export interface Mistake {
  readonly path: Path
  readonly message: string
  /** Where it is, if not where the path's own value stands. */
  readonly offset?: number
}

/** A configuration file as plain data, and where each part of it stands. */
export interface ReadDocument {
  readonly value: unknown
  readonly mistakes: readonly Mistake[]
  /** Line and column, from 1, of the nearest thing that exists on a path. */
  locate(mistake: Mistake): { readonly line: number; readonly column: number }
}

/** Parses YAML as data only (THREATS T90 to T92): bounded, without cycles, with `${…}` filled in once. */
export function readDocument(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): ReadDocument {
  const lineCounter = new LineCounter()
  if (text.length > MAX_LENGTH) {
    const mistake = { path: [], message: 'The file is too large: at most 1 MiB' }
    return { value: undefined, mistakes: [mistake], locate: () => ({ line: 1, column: 1 }) }
  }
  const document = parseDocument(text, {
    lineCounter,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'silent',
  })
  const walk = createWalk(document, env)
  const mistakes: Mistake[] = document.errors.map((error) => ({
    path: [],
    message: `Bad YAML: ${firstLine(error.message)}`,
    offset: error.pos[0],
  }))
  const value = mistakes.length > 0 ? undefined : walk.convert(document.contents, [])
  return {
    value,
    mistakes: [...mistakes, ...walk.mistakes],
    locate({ path, offset }) {
      const { line, col } = lineCounter.linePos(offset ?? nearest(walk.offsets, path))
      return { line: Math.max(1, line), column: Math.max(1, col) }
    },
  }
}

function firstLine(message: string): string {
  // The parser quotes what it found, which may be a secret.
  return (message.split('\n')[0] ?? '').replace(/:?\s*["'`].*$/, '')
}

function nearest(offsets: ReadonlyMap<string, number>, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const offset = offsets.get(keyOf(path.slice(0, length)))
    if (offset !== undefined) return offset
  }
  return 0
}

function keyOf(path: Path): string {
  return JSON.stringify(path)
}

/** Converts nodes to plain data, and remembers where they stand. */
function createWalk(document: Document, env: Readonly<Record<string, string | undefined>>) {
  const offsets = new Map<string, number>()
  const mistakes: Mistake[] = []
  let nodes = 0

  function convert(node: Node | null | undefined, path: Path): unknown {
    nodes += 1
    if (nodes > MAX_NODES || path.length > MAX_DEPTH) return tooMuch(path)
    remember(path, node)
    if (isAlias(node)) return convert(node.resolve(document), path)
    if (isSeq<Node>(node)) return node.items.map((item, at) => convert(item, [...path, at]))
    return isMap<Node, Node>(node) ? convertMap(node.items, path) : convertScalar(node, path)
  }

  function remember(path: Path, node: Node | null | undefined): void {
    const key = keyOf(path)
    if (!offsets.has(key)) offsets.set(key, node?.range?.[0] ?? 0)
  }

  function convertMap(items: readonly { key: Node; value: Node | null }[], path: Path): unknown {
    const entries = items.map(({ key, value }): [string, unknown] => {
      const name = String(isScalar(key) ? key.value : '')
      const at = [...path, name]
      remember(at, key)
      if (INHERITED.has(name)) mistakes.push({ path: at, message: 'Unusable name: choose another' })
      return [name, convert(value, at)]
    })
    return Object.fromEntries(entries)
  }

  function convertScalar(node: Node | null | undefined, path: Path): unknown {
    const value = isScalar(node) ? node.value : undefined
    if (typeof value !== 'string') return value
    const { text, missing } = interpolate(value, env)
    for (const name of missing) {
      mistakes.push({
        path,
        message: `The environment variable ${name} is not set: set it, or give a default as \${${name}:-default}`,
      })
    }
    return text
  }

  function tooMuch(path: Path): undefined {
    const message = 'The file is nested too deeply, or its aliases go round in circles'
    if (!mistakes.some((mistake) => mistake.message === message))
      mistakes.push({ path: path.slice(0, 3), message })
  }

  return { convert, offsets, mistakes }
}
