import type { Remedy } from './report.ts'
import type { Target } from './target.ts'

/** Lines that tell the proxy its public address, or make it believe the front end that does. */
export function forwardedRemedy(target: Target): Remedy {
  return [
    ownRemedy(target),
    {
      place: 'nginx',
      lines: [
        'proxy_set_header Host $host:$server_port;',
        'proxy_set_header X-Forwarded-Proto $scheme;',
        'proxy_set_header X-Forwarded-Host $host:$server_port;',
        'proxy_set_header X-Forwarded-Port $server_port;',
      ],
    },
    {
      place: 'Caddy',
      lines: [
        '# in reverse_proxy; Caddy sets X-Forwarded-Proto and -Host by itself',
        'header_up X-Forwarded-Port {http.request.port}',
      ],
    },
    {
      place: 'HAProxy',
      lines: [
        `http-request set-header X-Forwarded-Proto ${schemeOf(target)}`,
        'http-request set-header X-Forwarded-Host %[req.hdr(host)]',
        'http-request set-header X-Forwarded-Port %[dst_port]',
      ],
    },
  ]
}

function ownRemedy({ origin, hostname }: Target): Remedy[number] {
  return {
    place: 'mcp-oauth-proxy',
    lines: [
      `public_url: ${origin}`,
      '# or, to believe the front end (our log names the peer: "Ignored forwarded headers: add the peer …"):',
      'trusted_proxies: [loopback, PEER]',
      `allowed_hosts: [${hostname}]`,
    ],
  }
}

function schemeOf({ url }: Target): string {
  return new URL(url).protocol.slice(0, -1)
}

/** Lines for a port that is not the public one. Where ports are mapped (docker -p 8443:443) only the client's Host has it. */
export function portRemedy(target: Target): Remedy {
  const scheme = schemeOf(target)
  return [
    ownRemedy(target),
    {
      place: 'nginx',
      lines: [
        '# the port as clients have it: $server_port is the inner one where ports are mapped',
        'proxy_set_header Host $http_host;',
        `proxy_set_header X-Forwarded-Proto ${scheme};`,
        'proxy_set_header X-Forwarded-Host $http_host;',
        'proxy_set_header X-Forwarded-Port "";',
      ],
    },
    {
      place: 'Caddy',
      lines: [
        '# in reverse_proxy',
        'header_up X-Forwarded-Host {http.request.hostport}',
        'header_up -X-Forwarded-Port',
      ],
    },
    {
      place: 'HAProxy',
      lines: [
        `http-request set-header X-Forwarded-Proto ${scheme}`,
        'http-request set-header X-Forwarded-Host %[req.hdr(host)]',
        'http-request del-header X-Forwarded-Port',
      ],
    },
  ]
}

/** Lines for a front end that strips a path prefix without telling. */
export function prefixRemedy({ origin }: Target, prefix: string): Remedy {
  return [
    {
      place: 'mcp-oauth-proxy',
      lines: [
        'forwarded_headers: [x-forwarded-proto, x-forwarded-host, x-forwarded-port, x-forwarded-prefix]',
        '# or',
        `public_url: ${origin}${prefix}`,
      ],
    },
    { place: 'nginx', lines: [`proxy_set_header X-Forwarded-Prefix ${prefix};`] },
    { place: 'Caddy', lines: [`header_up X-Forwarded-Prefix ${prefix}`] },
    { place: 'HAProxy', lines: [`http-request set-header X-Forwarded-Prefix ${prefix}`] },
  ]
}

/** What stands before a server's own `/NAME/mcp`, if anything. */
export function prefixOf({ path }: Target): string {
  return path.split('/').slice(0, -2).join('/')
}

const WELL_KNOWN = 'oauth-protected-resource|oauth-authorization-server|openid-configuration'

/** Lines that route the well-known URLs, which clients build at the root of the host (RFC 8414 §3.1, RFC 9728 §3.1). */
export function wellKnownRemedy(prefix: string): Remedy {
  const pattern = `^/\\.well-known/(${WELL_KNOWN})${prefix === '' ? '(/|$)' : `${prefix}(/|$)`}`
  return [
    {
      place: 'nginx',
      lines: [
        `location ~ ${pattern} {`,
        '    proxy_pass http://127.0.0.1:4000;',
        '    # and the same proxy_set_header lines as for the MCP path',
        '}',
      ],
    },
    {
      place: 'Caddy',
      lines: [
        `@inserted path_regexp ${pattern}`,
        'handle @inserted {',
        '    reverse_proxy 127.0.0.1:4000',
        '}',
      ],
    },
    { place: 'HAProxy', lines: [`use_backend mcp if { path_reg ${pattern} }`] },
  ]
}

/** Lines that let events through as they are sent. */
export const STREAM_REMEDY: Remedy = [
  {
    place: 'nginx',
    lines: [
      'proxy_buffering off;',
      'proxy_http_version 1.1;',
      'proxy_set_header Connection "";',
      'proxy_read_timeout 1d;',
    ],
  },
  { place: 'Caddy', lines: ['# in reverse_proxy', 'flush_interval -1'] },
  {
    place: 'HAProxy',
    lines: ['timeout client 1d', 'timeout server 1d', '# and no http-response wait-for-body'],
  },
  { place: 'Apache httpd', lines: ['ProxyPass / http://127.0.0.1:4000/ flushpackets=on'] },
]

/** Lines for a host that the server does not answer for. */
export function hostRemedy({ hostname }: Target): Remedy {
  return [
    { place: 'mcp-oauth-proxy', lines: [`allowed_hosts: [${hostname}]`] },
    { place: 'nginx', lines: ['proxy_set_header Host $host:$server_port;'] },
    { place: 'HAProxy', lines: ['http-request set-header X-Forwarded-Host %[req.hdr(host)]'] },
  ]
}

/** Lines for a path that does not lead to an MCP server. */
export function routeRemedy({ path }: Target): Remedy {
  const location = path === '' ? '/' : `${path.replace(/[^/]*$/, '')}`
  return [
    {
      place: 'shell',
      lines: ['mcp-oauth-proxy check --config config.yaml   # shows the path of each server'],
    },
    {
      place: 'nginx',
      lines: [
        `location ${location} {`,
        '    proxy_pass http://127.0.0.1:4000;   # no path behind the port',
        '}',
      ],
    },
    {
      place: 'Caddy',
      lines: [`handle ${location}* {   # not handle_path`, '    reverse_proxy 127.0.0.1:4000', '}'],
    },
    { place: 'HAProxy', lines: [`use_backend mcp if { path_beg ${location} }`] },
  ]
}

/** Lines for a front end that finds nobody behind it. */
export const UPSTREAM_REMEDY: Remedy = [
  { place: 'mcp-oauth-proxy', lines: ['listen: { host: 127.0.0.1, port: 4000 }'] },
  { place: 'nginx', lines: ['proxy_pass http://127.0.0.1:4000;'] },
  { place: 'Caddy', lines: ['reverse_proxy 127.0.0.1:4000'] },
  { place: 'HAProxy', lines: ['server proxy 127.0.0.1:4000'] },
]

/** Lines for a certificate that clients do not believe. */
export function certificateRemedy({ hostname, host, url }: Target): Remedy {
  const address = new URL(url).port === '' ? `${hostname}:443` : host
  return [
    {
      place: 'shell',
      lines: [
        `openssl s_client -connect ${address} -servername ${hostname} </dev/null | openssl x509 -noout -subject -ext subjectAltName -dates`,
      ],
    },
    {
      place: 'nginx',
      lines: [
        'ssl_certificate     /etc/ssl/fullchain.pem;   # the chain, not the certificate alone',
        'ssl_certificate_key /etc/ssl/privkey.pem;',
      ],
    },
    {
      place: 'Caddy',
      lines: [`${hostname} {   # a public name gets a certificate by itself`, '}'],
    },
    {
      place: 'HAProxy',
      lines: ['bind :443 ssl crt /etc/ssl/fullchain-and-key.pem alpn h2,http/1.1'],
    },
  ]
}

/** Lines that have a front end speak TLS at all. */
export function tlsRemedy(target: Target): Remedy {
  const { port: typed } = new URL(target.url)
  const port = typed === '' ? '443' : typed
  const certificate = certificateRemedy(target).filter(({ place }) => place !== 'shell')
  return [
    {
      place: 'shell',
      lines: [`curl -sI http://${target.hostname}:${port}/   # answers if http is spoken here`],
    },
    ...certificate.map(({ place, lines }) => ({
      place,
      lines: [
        ...(place === 'nginx' ? [`listen ${port} ssl;`] : []),
        ...lines.map((line) => line.replace('bind :443', `bind :${port}`)),
      ],
    })),
  ]
}

/** A setting of the proxy's own. */
export function settingRemedy(...lines: readonly string[]): Remedy {
  return [{ place: 'mcp-oauth-proxy', lines }]
}
