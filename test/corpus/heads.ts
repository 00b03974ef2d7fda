/** A request head and the only statuses it may get; PORT stands for the listener's port. */
export interface HostileHead {
  readonly what: string
  readonly head: string
  readonly statuses: readonly number[]
}

/** No answer at all: to close the connection is a refusal too. */
const CLOSED = 0

const HOST = 'Host: localhost:PORT'

function get(target: string, ...headers: string[]): string {
  return [`GET ${target} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n')
}

/** Heads that mean two things, or nothing, or come from foreign pages (THREATS F2, T62, T63, T66, T68, T72, T80). */
export const HOSTILE_HEADS: readonly HostileHead[] = [
  { what: 'two Host lines', head: get('/healthz', HOST, 'Host: evil.test'), statuses: [400] },
  { what: 'the same Host twice', head: get('/healthz', HOST, HOST), statuses: [400] },
  { what: 'no Host', head: get('/healthz'), statuses: [400] },
  { what: 'an empty Host', head: get('/healthz', 'Host:'), statuses: [400] },
  ...[
    'evil/healthz#',
    'evil/open/mcp?',
    'a b',
    'user@localhost',
    'localhost:',
    'localhost:0',
    'localhost:99999',
    'localhost:08080',
    '[::1',
    '::1',
    '[fe80::1%25eth0]',
    '127.1',
    '0x7f000001',
    'localhost,evil',
  ].map((host) => ({
    what: `Host: ${host}`,
    head: get('/open/mcp', `Host: ${host}`),
    statuses: [400],
  })),
  ...[
    'evil.test',
    'evil.test:PORT',
    '0.0.0.0:PORT',
    '10.0.0.1:PORT',
    '127.0.0.1.evil.test:PORT',
    'localhost.evil.test:PORT',
    'evil.localhost:PORT',
    '[::]:PORT',
  ].map((host) => ({
    what: `a foreign host, ${host}`,
    head: get('/open/mcp', `Host: ${host}`),
    statuses: [421],
  })),
  ...['https://evil.test', 'null', 'http://localhost.evil.test:PORT', 'http://evil.test:PORT'].map(
    (origin) => ({
      what: `a page of ${origin}`,
      head: get('/open/mcp', HOST, `Origin: ${origin}`),
      statuses: [403],
    }),
  ),
  {
    what: 'a page of two origins',
    head: get('/open/mcp', HOST, 'Origin: http://localhost:PORT', 'Origin: https://evil.test'),
    statuses: [400, 403],
  },
  {
    what: 'what a form can send without being asked',
    head: get('/open/mcp', HOST, 'Content-Type: text/plain', 'Content-Length: 0').replace(
      'GET',
      'POST',
    ),
    statuses: [415],
  },
  {
    what: 'a Host with a last dot',
    head: get('/open/mcp', 'Host: localhost.'),
    statuses: [400, 421],
  },
  {
    what: 'an absolute form of another host',
    head: get('http://evil.test/healthz', HOST),
    statuses: [400],
  },
  {
    what: 'an absolute form of another scheme',
    head: get('https://localhost:PORT/healthz', HOST),
    statuses: [400],
  },
  {
    what: 'an absolute form with a user',
    head: get('http://a@localhost:PORT/healthz', HOST),
    statuses: [400],
  },
  { what: 'an authority form', head: get('localhost:PORT', HOST), statuses: [400] },
  { what: 'an asterisk', head: get('*', HOST), statuses: [400] },
  { what: 'a fragment', head: get('/healthz#x', HOST), statuses: [400] },
  ...[
    '/open/%2e%2e/healthz',
    '/open/../healthz',
    '/./healthz',
    '//healthz',
    '/open//mcp',
    '/open%2fmcp',
    '/open/mcp%00',
    '/%6fpen/mcp',
    '/open/mcp;x',
    '/open/mcp%3b',
    '/open\\mcp',
    '/open/%5c',
    '/open/mcp%23',
    '/open/mcp/%2e',
    '/open/mcp%25',
  ].map((path) => ({ what: `the path ${path}`, head: get(path, HOST), statuses: [404] })),
  { what: 'a path that is not ASCII', head: get('/\xf6pen/mcp', HOST), statuses: [400, 404] },
  {
    what: 'CONNECT',
    head: get('/', HOST).replace('GET / ', 'CONNECT localhost:PORT '),
    statuses: [CLOSED, 400, 404, 405, 501],
  },
  { what: 'TRACE', head: get('/open/mcp', HOST).replace('GET', 'TRACE'), statuses: [405, 501] },
  {
    what: 'two lengths',
    head: get('/open/mcp', HOST, 'Content-Length: 1', 'Content-Length: 2'),
    statuses: [400],
  },
  {
    what: 'the same length twice',
    head: get('/open/mcp', HOST, 'Content-Length: 1', 'Content-Length: 1'),
    statuses: [400],
  },
  {
    what: 'length and encoding',
    head: get('/open/mcp', HOST, 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    statuses: [400],
  },
  {
    what: 'two encodings',
    head: get('/open/mcp', HOST, 'Transfer-Encoding: identity, chunked'),
    statuses: [400, 501],
  },
  ...[
    'Transfer-Encoding: chunked, chunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunked;a=b',
    'Transfer-Encoding: gzip',
    'Transfer-Encoding: identity',
    'Transfer-Encoding:',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding\t: chunked',
    '\x0bTransfer-Encoding: chunked',
    'Transfer-Encoding:\x0bchunked',
    'Content-Length: +1',
    'Content-Length: -1',
    'Content-Length: 0x1',
    'Content-Length: 1, 1',
    'Content-Length: 1 1',
    'Content-Length: 1e1',
    'Content-Length: 99999999999999999999',
    'Content-Length:',
    'Content-Length : 1',
    'X-A: a\rb',
    'X-A: a\nb',
    'X-A: a\n\r\nGET /open/mcp HTTP/1.1',
    'X-A: a\0b',
    'X-A',
    ': a',
    'X A: a',
    'X-\xe4: a',
  ].map((line) => ({
    what: `the line ${JSON.stringify(line)}`,
    head: get('/open/mcp', HOST, line),
    statuses: [400],
  })),
  {
    what: 'lines that end in LF alone',
    head: get('/open/mcp', HOST).replaceAll('\r', ''),
    statuses: [400],
  },
  {
    what: 'a first line that ends in LF alone',
    head: get('/open/mcp', HOST).replace('\r', ''),
    statuses: [400],
  },
  {
    what: 'chunks in HTTP/1.0',
    head: get('/open/mcp', HOST, 'Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0'),
    statuses: [400],
  },
  ...['HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', 'HTTP/11', 'HTTPS/1.1'].map(
    (version) => ({
      what: `the version ${version}`,
      head: get('/open/mcp', HOST).replace('HTTP/1.1', version),
      statuses: [400, 505],
    }),
  ),
  ...[
    'GET  /open/mcp',
    ' GET /open/mcp',
    'GET\t/open/mcp',
    'G\0T /open/mcp',
    'GET /open/mcp a',
  ].map((line) => ({
    what: `the line ${JSON.stringify(line)}`,
    head: get('/open/mcp', HOST).replace('GET /open/mcp', line),
    statuses: [400],
  })),
  { what: 'a folded line', head: get('/open/mcp', HOST, 'X-A: 1', ' 2'), statuses: [400] },
  {
    what: 'two Authorization lines',
    head: get('/open/mcp', HOST, 'Authorization: Bearer a', 'Authorization: Bearer b'),
    statuses: [400],
  },
  {
    what: '40 KiB of headers',
    head: get('/open/mcp', HOST, `X-A: ${'a'.repeat(40_960)}`),
    statuses: [400, 431],
  },
]
