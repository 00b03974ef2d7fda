import { type Alias, isAlias, isMap, isScalar, isSeq, type Node } from 'yaml'
import { interpolate } from './interpolate.ts'
import type { Mistake, Path } from './mistake.ts'
import { parseYaml, resolveAliases } from './yaml.ts'

const MAX_DEPTH = 32
const MAX_NODES = 20_000

/** Names that mean something to every object, and that no key of ours has (THREATS T90). */
export const INHERITED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** A configuration file as plain data, and where each part of it stands. */
export interface ReadDocument {
  readonly value: unknown
  readonly mistakes: readonly Mistake[]
  /** Line and column, from 1, of the nearest thing that exists on a path. */
  locate(mistake: Mistake): { readonly line: number; readonly column: number }
}

/** What fills in a document. */
export interface DocumentOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether the value at a path is left out unread. */
  isPassedOver(path: Path): boolean
}

/** What a walk through a document knows and has found so far. */
interface Walk extends DocumentOptions {
  readonly targets: ReadonlyMap<Alias, Node>
  readonly offsets: Map<string, number>
  readonly mistakes: Mistake[]
  /** The maps and lists that the walk is inside of. */
  readonly open: Set<Node>
  nodes: number
  /** What ended the walk early. */
  excess?: Mistake
}

/** Parses YAML as data only (THREATS T90 to T92): bounded, without cycles, with `${…}` filled in once. */
export function readDocument(text: string, options: DocumentOptions): ReadDocument {
  const { document, lineCounter, mistakes } = parseYaml(text)
  const isSound = mistakes.length === 0
  const walk: Walk = {
    env: options.env,
    isPassedOver: options.isPassedOver,
    targets: isSound ? resolveAliases(document) : new Map(),
    offsets: new Map(),
    mistakes: [...mistakes],
    open: new Set(),
    nodes: 0,
  }
  const value = isSound ? convert(walk, document.contents, []) : undefined
  return {
    value: walk.excess === undefined ? value : undefined,
    mistakes: walk.excess === undefined ? walk.mistakes : [walk.excess],
    locate({ path, offset }) {
      const { line, col } = lineCounter.linePos(offset ?? nearest(walk.offsets, path))
      return { line: Math.max(1, line), column: Math.max(1, col) }
    },
  }
}

type MaybeNode = Node | null | undefined

/** Converts a node to plain data, and remembers where it stands. */
function convert(walk: Walk, node: MaybeNode, path: Path): unknown {
  walk.nodes += 1
  const excess = findExcess(walk.nodes, path)
  if (excess !== undefined) stop(walk, excess, { path, node })
  if (walk.excess !== undefined) return undefined
  remember(walk, node, path)
  if (isAlias(node)) return convertAlias(walk, node, path)
  if (!isSeq<Node>(node) && !isMap<Node, Node>(node)) return convertScalar(walk, node, path)
  walk.open.add(node)
  const converted = isSeq<Node>(node)
    ? node.items.map((item, at) => convert(walk, item, [...path, at]))
    : convertMap(walk, node.items, path)
  walk.open.delete(node)
  return converted
}

function findExcess(nodes: number, path: Path): string | undefined {
  if (nodes > MAX_NODES) return `Too many values: want at most ${MAX_NODES}, aliases counted`
  return path.length > MAX_DEPTH ? `Nested too deeply: want at most ${MAX_DEPTH} levels` : undefined
}

function stop(walk: Walk, message: string, { path, node }: { path: Path; node: MaybeNode }): void {
  walk.excess ??= { path: path.slice(0, 3), message, offset: offsetOf(node) }
}

function remember({ offsets }: Walk, node: MaybeNode, path: Path): void {
  const key = keyOf(path)
  if (!offsets.has(key)) offsets.set(key, offsetOf(node))
}

function convertAlias(walk: Walk, alias: Alias, path: Path): unknown {
  const target = walk.targets.get(alias)
  if (target === undefined) {
    walk.mistakes.push({ path, message: 'Unknown alias: want text that starts with * in quotes' })
    return undefined
  }
  if (!walk.open.has(target)) return convert(walk, target, path)
  const message = 'An alias goes round in circles: want one of a value that stands before it'
  stop(walk, message, { path, node: alias })
  return undefined
}

type Items = readonly { readonly key: Node; readonly value: Node | null }[]

function convertMap(walk: Walk, items: Items, path: Path): unknown {
  const converted = new Map<string, unknown>()
  for (const { key, value } of items) {
    const name = String(isScalar(key) ? key.value : '')
    const at = [...path, name]
    remember(walk, key, at)
    if (INHERITED.has(name)) {
      walk.mistakes.push({ path: at, message: 'Unusable name: choose another' })
    }
    if (converted.has(name)) {
      const message = 'Duplicate key: want each once'
      walk.mistakes.push({ path: at, message, offset: offsetOf(key) })
    }
    converted.set(name, walk.isPassedOver(at) ? undefined : convert(walk, value, at))
  }
  return Object.fromEntries(converted)
}

function convertScalar({ env, mistakes }: Walk, node: MaybeNode, path: Path): unknown {
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

function offsetOf(node: MaybeNode): number {
  return node?.range?.[0] ?? 0
}
