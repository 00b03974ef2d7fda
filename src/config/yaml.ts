import {
  type Alias,
  type Document,
  type ErrorCode,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  visit,
} from 'yaml'
import type { Mistake } from './mistake.ts'

const MAX_BYTES = 1_048_576
const MAX_LEXEMES = 200_000
const MAX_OPEN = 80 // what the parser has open at 32 levels, and some more
const MAX_ERRORS = 20

/** A YAML text, parsed within bounds. */
export interface Yaml {
  readonly document: Document
  readonly lineCounter: LineCounter
  readonly mistakes: readonly Mistake[]
}

/** Parses a text of bounded size and depth (THREATS T91); what is wrong with it is told without quoting it. */
export function parseYaml(text: string): Yaml {
  const lineCounter = new LineCounter()
  const excess = findExcess(text)
  const document = parseDocument(excess === undefined ? text : '', {
    lineCounter,
    stringKeys: true,
    // The library's own check compares each key with each other one: half a minute for a full file.
    uniqueKeys: false,
    prettyErrors: false,
  })
  if (excess !== undefined) {
    for (const { index } of text.slice(0, excess.offset).matchAll(/\n/g)) {
      lineCounter.addNewLine(index + 1)
    }
    return { document, lineCounter, mistakes: [excess] }
  }
  const mistakes = [...document.errors, ...document.warnings]
    .slice(0, MAX_ERRORS)
    .map(({ code, pos }) => ({
      path: [],
      message: `Bad YAML: ${SYNTAX_ERRORS[code]}`,
      offset: pos[0],
    }))
  return { document, lineCounter, mistakes }
}

/** The nodes that aliases stand for: the last one before each that has the anchor. */
export function resolveAliases(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  visit(document, {
    Alias(_key, alias) {
      const target = anchors.get(alias.source)
      if (target !== undefined) targets.set(alias, target)
    },
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
  })
  return targets
}

/** Looks ahead without recursion, which the composer of documents is not safe from. */
function findExcess(text: string): Mistake | undefined {
  if (text.length > MAX_BYTES || new TextEncoder().encode(text).length > MAX_BYTES) {
    return { path: [], message: 'The file is too large: want at most 1 MiB', offset: 0 }
  }
  const parser = new Parser()
  let lexemes = 0
  for (const lexeme of new Lexer().lex(text)) {
    // The parser is a generator: it moves on as its tokens are taken.
    for (const _token of parser.next(lexeme));
    lexemes += 1
    const offset = Math.min(parser.offset, text.length)
    if (lexemes > MAX_LEXEMES) return { path: [], message: 'The file has too many parts', offset }
    if (parser.stack.length > MAX_OPEN) {
      return { path: [], message: 'Nested too deeply: want at most 32 levels', offset }
    }
  }
  return undefined
}

/** In our own words: those of the parser quote the text, which may be a secret. */
const SYNTAX_ERRORS: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias has an anchor or a tag, want neither',
  BAD_ALIAS: 'an alias or an anchor has no usable name, want text with * or & in quotes',
  BAD_COLLECTION_TYPE: 'a tag does not fit, want none',
  BAD_DIRECTIVE: 'unusable directive, want no line that starts with %',
  BAD_DQ_ESCAPE: 'unusable escape in double quotes, want single quotes or two backslashes',
  BAD_INDENT: 'the indentation does not fit, want it as deep as the lines beside it',
  BAD_PROP_ORDER: 'an anchor or a tag is misplaced, want it right before its value',
  BAD_SCALAR_START: 'a text starts with a reserved character, want it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a map or list starts where it cannot, want it on its own line',
  BLOCK_IN_FLOW: 'a block stands inside [] or {}, want it in the same style',
  DUPLICATE_KEY: 'a key stands twice, want each once',
  IMPOSSIBLE: 'the text cannot be read, want plain keys and values',
  KEY_OVER_1024_CHARS: 'a key is too long, want at most 1024 characters',
  MISSING_CHAR:
    'something is missing, want each quote, [ and { closed, : after keys, , between items',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines, want it on one, with : behind it',
  MULTIPLE_ANCHORS: 'a value has two anchors, want one',
  MULTIPLE_DOCS: 'the file has two documents, want no line of --- between keys',
  MULTIPLE_TAGS: 'a value has two tags, want none',
  NON_STRING_KEY: 'a key is not text, want plain text',
  RESOURCE_EXHAUSTION: 'nested too deeply, want at most 32 levels',
  TAB_AS_INDENT: 'a tab stands as indentation, want spaces',
  TAG_RESOLVE_FAILED: 'unknown tag, want text that starts with ! in quotes',
  UNEXPECTED_TOKEN: 'something stands where it cannot, want text with special characters in quotes',
}
