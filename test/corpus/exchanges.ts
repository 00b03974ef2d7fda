import type { IncomingMessage, ServerResponse } from 'node:http'
import { brotliCompressSync, gzipSync } from 'node:zlib'

/** What a client sends in one exchange. */
export interface Sending {
  readonly what: string
  readonly method?: 'POST' | 'GET' | 'DELETE'
  /** Name and value in turn, as they go over the wire. */
  readonly headers?: readonly string[]
  /** Each chunk is a write of its own. */
  readonly chunks?: readonly Uint8Array[]
  /** Whether the length is said beforehand. */
  readonly isDeclared?: boolean
  readonly trailers?: Readonly<Record<string, string>>
}

/** What a server answers in one exchange. */
export interface Answering {
  readonly what: string
  answer(response: ServerResponse, request: IncomingMessage): void
  /** Whether it answers before it has read the request. */
  readonly isEarly?: boolean
}

const JSON_BODY = new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')

function noise(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7919) % 251)
}

function split(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
}

/** Bodies in every framing, of every size that is handled in another way. */
const BODIES: readonly Sending[] = [
  { what: 'a declared body', chunks: [JSON_BODY], isDeclared: true },
  { what: 'a chunked body', chunks: [JSON_BODY] },
  { what: 'a body byte by byte', chunks: split(JSON_BODY, 1) },
  { what: 'a declared body in two parts', chunks: split(JSON_BODY, 20), isDeclared: true },
  { what: 'an empty declared body', chunks: [], isDeclared: true },
  { what: 'an empty chunked body', chunks: [] },
  { what: 'a body with trailers', chunks: [JSON_BODY], trailers: { 'X-Sum': '1' } },
  ...[65_535, 65_536, 65_537, 200_000].flatMap((size) => [
    { what: `${size} declared bytes`, chunks: split(noise(size), 30_000), isDeclared: true },
    { what: `${size} bytes in chunks`, chunks: split(noise(size), 30_000) },
  ]),
  { what: '3 MiB declared', chunks: split(noise(3 * 1024 * 1024), 100_000), isDeclared: true },
  { what: '3 MiB in chunks', chunks: split(noise(3 * 1024 * 1024), 100_000) },
]

/** Header lines as some client or other writes them. */
const HEADERS: readonly Sending[] = [
  ['in odd case', ['aCCept', 'application/json', 'MCP-session-ID', 'AbC', 'uSER-aGENT', 'Odd/1']],
  ['twice', ['Accept', 'application/json', 'accept', 'text/event-stream', 'Mcp-Param-A', 'x']],
  ['that are empty', ['Mcp-Session-Id', '', 'Accept-Language', '']],
  ['in Latin-1', ['Mcp-Name', 'caf\u00e9', 'User-Agent', '\u00bfqu\u00e9?']],
  ['with blanks around', ['Mcp-Method', '  tools/list  ', 'Accept', '\t*/*\t']],
  ['that are long', ['Mcp-Param-Long', 'x'.repeat(16_000)]],
  ['that are many', Array.from({ length: 80 }, (_, at) => [`Mcp-Param-${at}`, `v${at}`]).flat()],
  ['for this hop only', ['Connection', 'Mcp-Secret, close', 'Mcp-Secret', 's', 'Keep-Alive', 'x']],
  [
    'that do not pass',
    ['Cookie', 'a=b', 'X-Api-Key', 'k', 'X-Forwarded-For', '1.2.3.4', 'TE', 'x'],
  ],
  [
    'of tracing',
    ['traceparent', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, 'baggage', 'a=1,b=2'],
  ],
  ['of encoding', ['Accept-Encoding', 'gzip;q=0.5, br', 'Content-Language', 'de']],
  ['that expect', ['Expect', '100-continue']],
].map(([what, headers]) => ({
  what: `headers ${String(what)}`,
  headers: [...(headers ?? [])],
  chunks: [JSON_BODY],
  isDeclared: true,
}))

/** Requests without a body, as streams and the ends of sessions are. */
const BODYLESS: readonly Sending[] = [
  { what: 'a GET', method: 'GET', headers: ['Accept', 'text/event-stream'] },
  { what: 'a GET again', method: 'GET', headers: ['Last-Event-ID', '7', 'Accept', '*/*'] },
  { what: 'a DELETE', method: 'DELETE', headers: ['Mcp-Session-Id', 'abc'] },
]

/** Everything that is sent. */
export const SENDINGS: readonly Sending[] = [...BODIES, ...HEADERS, ...BODYLESS]

const TEXT = '{"jsonrpc":"2.0","id":1,"result":{}}'
const JSON_TYPE = { 'Content-Type': 'application/json' }

function plain(status: number, headers: Readonly<Record<string, string>> = {}): Answering {
  return {
    what: `${status} ${Object.keys(headers).join(' ')}`,
    answer: (response) => response.writeHead(status, { ...JSON_TYPE, ...headers }).end(TEXT),
  }
}

function bodyless(status: number, headers: Readonly<Record<string, string>> = {}): Answering {
  return {
    what: `${status} without a body ${Object.keys(headers).join(' ')}`,
    answer: (response) => response.writeHead(status, headers).end(),
  }
}

/** Whole answers of every status that means something here. */
const STATUSES: readonly Answering[] = [
  ...[200, 201, 400, 404, 406, 409, 413, 422, 500, 501, 503, 599].map((status) => plain(status)),
  plain(405, { Allow: 'POST' }),
  plain(429, { 'Retry-After': '3', RateLimit: '"a";r=0' }),
  plain(200, { ETag: '"x"', 'Cache-Control': 'private, max-age=3', 'mCP-sESSION-iD': 'Abc' }),
  plain(200, { 'Set-Cookie': 'a=b', Server: 'x', 'X-Powered-By': 'y', 'Content-Language': 'de' }),
  plain(404, { 'Content-Type': 'text/html', 'Content-Security-Policy': 'sandbox' }),
  ...[202, 204, 304].map((status) => bodyless(status)),
  bodyless(304, { ETag: '"x"' }),
  bodyless(202, { 'Content-Length': '0' }),
  bodyless(200, { 'Content-Length': '0' }),
]

/** Answers whose bytes come in another way than at once. */
const FRAMINGS: readonly Answering[] = [
  {
    what: 'a declared body',
    answer: (response) =>
      response.writeHead(200, { ...JSON_TYPE, 'Content-Length': TEXT.length }).end(TEXT),
  },
  {
    what: 'chunks, one at a time',
    answer(response) {
      response.writeHead(200, JSON_TYPE)
      const next = (at: number) => {
        if (at === TEXT.length) response.end()
        else response.write(TEXT.charAt(at), () => next(at + 1))
      }
      next(0)
    },
  },
  {
    what: 'a body that ends with the connection',
    answer(response) {
      response.useChunkedEncodingByDefault = false
      response.writeHead(200, { ...JSON_TYPE, Connection: 'close' }).end(TEXT)
    },
  },
  {
    what: 'events',
    answer(response) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
      response.write(': hello\n\ndata: 1\n\n', () => response.end('id: 2\ndata: \u00e9\n\n'))
    },
  },
  {
    what: 'trailers',
    answer(response) {
      response.writeHead(200, { ...JSON_TYPE, Trailer: 'X-Sum' })
      response.addTrailers({ 'X-Sum': '1' })
      response.end(TEXT)
    },
  },
  {
    what: 'gzip',
    answer: (response) =>
      response.writeHead(200, { ...JSON_TYPE, 'Content-Encoding': 'gzip' }).end(gzipSync(TEXT)),
  },
  {
    what: 'brotli of 300 KiB',
    answer: (response) =>
      response
        .writeHead(200, { ...JSON_TYPE, 'Content-Encoding': 'br' })
        .end(brotliCompressSync(noise(300_000))),
  },
  ...[65_536, 65_537, 3 * 1024 * 1024].flatMap((size): Answering[] => [
    {
      what: `${size} declared bytes`,
      answer: (response) =>
        response
          .writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size })
          .end(noise(size)),
    },
    {
      what: `${size} bytes in chunks`,
      answer(response) {
        response.writeHead(200, { 'Content-Type': 'application/octet-stream' })
        for (const chunk of split(noise(size), 50_000)) response.write(chunk)
        response.end()
      },
    },
  ]),
]

/** Answers that do not come as answers should. */
const ODD: readonly Answering[] = [
  {
    what: 'early hints',
    answer(response) {
      response.writeEarlyHints({ link: '</x>; rel=preload' })
      response.writeHead(200, JSON_TYPE).end(TEXT)
    },
  },
  {
    what: '102 twice',
    answer(response) {
      response.writeProcessing()
      response.writeProcessing()
      response.writeHead(200, JSON_TYPE).end(TEXT)
    },
  },
  {
    what: 'an answer before the request was read',
    isEarly: true,
    answer: (response) => response.writeHead(400, JSON_TYPE).end(TEXT),
  },
  {
    what: 'half a chunked body',
    answer(response) {
      response.writeHead(200, JSON_TYPE)
      response.write('{"half":', () => response.destroy())
    },
  },
  {
    what: 'half a long declared body',
    answer(response) {
      response.writeHead(200, { ...JSON_TYPE, 'Content-Length': 200_000 })
      response.write(noise(90_000), () => response.destroy())
    },
  },
]

/** Everything that is answered. */
export const ANSWERINGS: readonly Answering[] = [...STATUSES, ...FRAMINGS, ...ODD]
