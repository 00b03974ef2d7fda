/** A request that claims to have come to another address than it did. */
export interface PoisonedRequest {
  /** The row in the table of threats. */
  readonly row: number
  readonly what: string
  /** The header lines; HOST stands for the public `host[:port]`. */
  readonly lines: readonly string[]
  /** The request target, if not the plain one, for which TARGET stands. */
  readonly target?: string
  /** What a proxy that nothing stands before must do with it: as if nothing were odd, or refuse. */
  readonly answer: 'clean' | 'refused'
}

/** What no answer may name. */
export const EVIL = 'evil.test'

const HOST = 'Host: HOST'

/** Headers that front ends hand on as the client sent them (THREATS T58, T71). */
export const TWINS: readonly PoisonedRequest[] = [
  ...[
    `Forwarded: host=${EVIL};proto=http`,
    `Forwarded: for=127.0.0.1;host=${EVIL};proto=https, for=127.0.0.1;host=${EVIL}`,
    `Forwarded: host="${EVIL}`,
    `forwarded: by=_x;for=_y;HOST=${EVIL}`,
    'X-Forwarded-Prefix: /evil.test',
    'X-Forwarded-Prefix: //evil.test',
    'X-Forwarded-Ssl: off',
    'X-Forwarded-Scheme: http',
    'X-Forwarded-Protocol: http',
    'X-Forwarded-Path: /evil.test',
    `X-Forwarded-Server: ${EVIL}`,
    `X-Forwarded: ${EVIL}`,
    `X_Forwarded_Host: ${EVIL}`,
    `X-Forwarded_Host: ${EVIL}`,
    'X_Forwarded_Proto: http',
    'X_Forwarded_Port: 1',
    `X-Original-Host: ${EVIL}`,
    `X-Original-URL: https://${EVIL}/jira/mcp`,
    `X-Rewrite-URL: https://${EVIL}/jira/mcp`,
    'X-Forwarded-Uri: /healthz',
    `X-Host: ${EVIL}`,
    `X-HTTP-Host-Override: ${EVIL}`,
    `X-Backend-Host: ${EVIL}`,
    'X-HTTP-Method-Override: DELETE',
    'X-Scheme: http',
    'X-Url-Scheme: http',
    'Front-End-Https: off',
    `X-Real-IP: ${EVIL}`,
    `Client-IP: ${EVIL}`,
    `Via: 1.1 ${EVIL}`,
    `Referer: https://${EVIL}/`,
    'User-Agent: kube-probe/1',
  ].map((line) => ({
    row: /Override|Url?:|Uri|Agent/i.test(line) ? 71 : 58,
    what: line,
    lines: [HOST, line],
    answer: 'clean' as const,
  })),
]

/** Headers that the front ends write themselves (THREATS T57, T59, T61). */
export const OVERWRITTEN: readonly PoisonedRequest[] = [
  [`X-Forwarded-Host: ${EVIL}`],
  [`X-Forwarded-Host: ${EVIL}, HOST`],
  [`X-Forwarded-Host: HOST, ${EVIL}`],
  [`X-Forwarded-Host: ${EVIL}`, `x-forwarded-host: ${EVIL}`],
  [`X-FORWARDED-HOST: ${EVIL}:443`],
  ['X-Forwarded-Host: '],
  ['X-Forwarded-Host: ,'],
  ['X-Forwarded-Host: [::1'],
  ['X-Forwarded-Proto: http'],
  ['X-Forwarded-Proto: http,http'],
  ['X-Forwarded-Proto: javascript'],
  ['X-Forwarded-Proto: https', 'X-Forwarded-Proto: http'],
  ['X-Forwarded-Port: 1'],
  ['X-Forwarded-Port: 65536'],
  ['X-Forwarded-For: 127.0.0.1, 127.0.0.1, 127.0.0.1', `X-Forwarded-Host: ${EVIL}, ${EVIL}`],
  [
    'X-Forwarded-For: 127.0.0.1',
    `X-Forwarded-Host: ${EVIL}`,
    'X-Forwarded-Proto: http',
    'X-Forwarded-Port: 1',
    'X-Forwarded-Prefix: /evil.test',
    `Forwarded: host=${EVIL};proto=http`,
  ],
  [`X-Forwarded-Host: ${`${EVIL}, `.repeat(200)}${EVIL}`],
].map((lines) => ({
  row: lines.some((line) => line.includes(',')) || lines.length > 1 ? 59 : 57,
  what: lines.join(' + ').slice(0, 90),
  lines: [HOST, ...lines],
  answer: 'clean' as const,
}))

/** Lines that a proxy which appends would leave standing before its own (THREATS T59). */
export const LINES: readonly PoisonedRequest[] = [
  [`X-Forwarded-Host: ${EVIL}`],
  [`X-Forwarded-Host: ${EVIL}, ${EVIL}`, `X-Forwarded-Host: ${EVIL}`],
  ['X-Forwarded-Proto: http'],
  ['x-forwarded-proto: http, http', `X-FORWARDED-HOST: ${EVIL}:1`],
].map((lines) => ({ row: 59, what: lines.join(' + '), lines: [HOST, ...lines], answer: 'clean' }))

/** Headers named in `Connection`, which a hop then drops: its own word would be missing behind it. */
export const HOP_BY_HOP: readonly PoisonedRequest[] = [
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Port',
  'X-Forwarded-For',
  'X-Forwarded-Prefix',
  'X-Forwarded-Host, X-Forwarded-Proto, X-Forwarded-Port, X-Forwarded-For',
  'Host',
  'Cookie, Authorization',
].map((names) => ({
  row: 58,
  what: `Connection: ${names}`,
  lines: [HOST, `Connection: close, ${names}`],
  answer: 'clean' as const,
}))

/** Hosts that are not ours, and heads with more than one or none (THREATS T62, T65, T66). */
export const HOSTS: readonly PoisonedRequest[] = [
  [62, 'two hosts', HOST, `Host: ${EVIL}`],
  [62, 'two hosts, the other one first', `Host: ${EVIL}`, HOST],
  [62, 'no host'],
  [62, 'an empty host', 'Host: '],
  [62, 'a list of hosts', `Host: HOST, ${EVIL}`],
  [62, 'a user in the host', `Host: HOST@${EVIL}`],
  [62, 'a host with a path', `Host: ${EVIL}/gh/mcp?`],
  [62, 'a host with a fragment', `Host: ${EVIL}#`],
  [62, 'a host with a backslash', `Host: ${EVIL}\\HOST`],
  [62, 'a host with a quote', `Host: ${EVIL}"HOST`],
  [62, 'a host with a blank before the colon', `Host : ${EVIL}`],
  [62, 'a folded host', HOST, ` ${EVIL}`],
  [62, 'a host behind a bare line feed', `${HOST}\n.${EVIL}`],
  [62, 'a host that is not ASCII', `Host: \xe9${EVIL}`],
  [62, 'a host in percent encoding', `Host: ${EVIL.replace('.', '%2e')}`],
  [65, 'a foreign host', `Host: ${EVIL}`],
  [65, 'a foreign host with the port', `Host: ${EVIL}:443`],
  [65, 'a host that only begins with ours', `Host: NAME.${EVIL}`],
  [65, 'a host that only ends with ours', `Host: ${EVIL.replace('.', '-')}NAME`],
  [65, 'a last dot', 'Host: NAME.'],
  [65, 'another port', 'Host: NAME:1'],
  [66, 'this machine by its wildcard address', 'Host: 0.0.0.0'],
  [66, 'this machine by its name', 'Host: localhost'],
  [66, 'this machine by its address', 'Host: 127.0.0.1'],
  [66, 'a name that resolves to this machine', 'Host: 127.0.0.1.evil.test'],
  [66, 'another name below localhost', 'Host: evil.test.localhost'],
].map(([row, what, ...lines]) => ({
  row: Number(row),
  what: String(what),
  lines: lines.map(String),
  answer: 'refused' as const,
}))

/** Request targets that name another host or another server (THREATS T63, T68 to T71). */
export const TARGETS: readonly PoisonedRequest[] = [
  [63, `http://${EVIL}TARGET`],
  [63, `https://${EVIL}TARGET`],
  [63, `http://HOST@${EVIL}TARGET`],
  [63, `http://${EVIL}@HOSTTARGET`],
  [63, `//${EVIL}TARGET`],
  [63, `/\\${EVIL}TARGET`],
  [63, `@${EVIL}TARGET`],
  [63, `${EVIL}:443`],
  [63, '*'],
  [68, '/jira/..TARGET'],
  [68, '/jira/%2e%2eTARGET'],
  [68, '/jira/..%2fTARGET'],
  [68, '/jira;TARGET'],
  [68, '/%67h/mcp'],
  [68, '/gh%2fmcp'],
  [68, '/gh\\mcp'],
  [69, `/gh/mcp/@${EVIL}`],
  [69, '/gh/mcp/../../admin'],
  [69, `/gh/mcp/${EVIL}`],
  [70, '/GH/mcp'],
  [70, '/__proto__/mcp'],
  [70, '/constructor/authorize'],
  [70, '/toString/token'],
  [71, '/gh/mcp%23/healthz'],
  [71, '/healthz/gh/mcp'],
].map(([row, target]) => ({
  row: Number(row),
  what: String(target),
  target: String(target),
  lines: [HOST],
  answer: 'refused' as const,
}))

/** What HTTP/2 can say of the host besides, or in place of, the authority (THREATS T58, T62, T63). */
export const OVER_HTTP2: readonly Readonly<Record<string, string>>[] = [
  { host: EVIL },
  { ':authority': EVIL },
  { ':authority': '', host: EVIL },
  { ':authority': `user@${EVIL}` },
  { ':authority': `${EVIL}/x` },
  { ':scheme': 'http' },
  { ':path': `//${EVIL}/.well-known/oauth-protected-resource/gh/mcp` },
  { ':path': `https://${EVIL}/.well-known/oauth-protected-resource/gh/mcp` },
  { 'x-forwarded-host': EVIL, forwarded: `host=${EVIL};proto=http`, 'x-forwarded-proto': 'http' },
  { 'x-forwarded-prefix': '/evil.test', 'x-forwarded-port': '1', x_forwarded_host: EVIL },
]
