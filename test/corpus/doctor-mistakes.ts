import type { StepName } from '../../src/doctor/report.ts'
import { challenge, GOOD_SERVER, type Script } from '../support/scripted-server.ts'

const ISSUER = 'https://mcp.example.com'
const URL_ = `${ISSUER}/mcp`
const SERVER = 'GET /.well-known/oauth-authorization-server'
const RESOURCE = 'GET /.well-known/oauth-protected-resource/mcp'
const html = (status: number) => () =>
  new Response('<h1>Not here</h1>', { status, headers: { 'content-type': 'text/html' } })

const bare = () => new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer' } })

/** A server with one thing wrong, and what is to be said of it. */
export interface DoctorMistake {
  readonly what: string
  /** Another than that of the server that does all as it should. */
  readonly url?: string
  readonly script: Script
  readonly step: StepName
  readonly cause: RegExp
  readonly paste?: RegExp
  readonly seen?: RegExp
}

const named = (endpoint: string) => ({ ...GOOD_SERVER, authorization_endpoint: endpoint })

/** What front ends and servers do wrong. */
export const DOCTOR_MISTAKES: readonly DoctorMistake[] = [
  {
    what: 'the challenge names http for https',
    script: {
      'POST /mcp': challenge('http://mcp.example.com/.well-known/oauth-protected-resource/mcp'),
    },
    step: 'challenge',
    cause: /http for https/,
    paste:
      /public_url: https:\/\/mcp\.example\.com\n[\s\S]*trusted_proxies:[\s\S]*X-Forwarded-Proto \$scheme;[\s\S]*Caddy[\s\S]*HAProxy/,
  },
  {
    what: 'the challenge names the address that is listened on',
    script: { 'POST /mcp': challenge('http://0.0.0.0:4000/.well-known/x') },
    step: 'challenge',
    cause: /listens on, http:\/\/0\.0\.0\.0:4000/,
    paste: /public_url/,
  },
  {
    what: 'the challenge names a container',
    script: { 'POST /mcp': challenge('http://mcp-proxy:4000/.well-known/x') },
    step: 'challenge',
    cause: /address inside, http:\/\/mcp-proxy:4000/,
  },
  {
    what: 'the challenge names another port',
    script: {
      'POST /mcp': challenge(
        'https://mcp.example.com:8443/.well-known/oauth-protected-resource/mcp',
      ),
    },
    step: 'challenge',
    cause: /another port/,
    paste: /public_url[\s\S]*Host \$http_host;/,
  },
  {
    what: 'the challenge is gone',
    script: { 'POST /mcp': 401 },
    step: 'challenge',
    cause: /removes WWW-Authenticate/,
  },
  {
    what: 'the inserted form is not routed',
    script: { [RESOURCE]: html(404) },
    step: 'resource metadata, inserted',
    cause: /missing route/,
    paste: /location ~ \^\/\\\.well-known[\s\S]*handle @inserted[\s\S]*use_backend/,
  },
  {
    what: 'the inserted form is answered by nothing, as Caddy does',
    script: { [RESOURCE]: 200 },
    step: 'resource metadata, inserted',
    cause: /missing route/,
    paste: /handle @inserted/,
  },
  {
    what: 'the resource is another',
    script: { [RESOURCE]: { resource: `${ISSUER}/other`, authorization_servers: [ISSUER] } },
    step: 'resource',
    cause: /another resource/,
  },
  {
    what: 'only a slash differs',
    script: { [RESOURCE]: { resource: `${URL_}/`, authorization_servers: [ISSUER] } },
    step: 'resource',
    cause: /trailing slash/,
  },
  {
    what: 'the metadata is no JSON',
    script: { [SERVER]: '{"issuer": ' },
    step: 'server metadata, inserted',
    cause: /not the JSON/,
  },
  {
    what: 'the issuer is another',
    script: { [SERVER]: { ...GOOD_SERVER, issuer: `${ISSUER}/` } },
    step: 'issuer',
    cause: /compared as strings/,
  },
  {
    what: 'PKCE is missing',
    script: { [SERVER]: { ...GOOD_SERVER, code_challenge_methods_supported: ['plain'] } },
    step: 'PKCE',
    cause: /S256/,
    seen: /plain/,
  },
  ...[
    'javascript:alert(1)',
    'https://x.example/$(id)',
    'http://pub.example.com/authorize',
    "https://x.example/'",
  ].map(
    (endpoint): DoctorMistake => ({
      what: `the authorization endpoint is ${endpoint}`,
      script: { [SERVER]: named(endpoint) },
      step: 'endpoints',
      cause: /not a URL that a client may open|http beyond loopback/,
      seen: /refused/,
    }),
  ),
  {
    what: 'an endpoint has another port',
    script: { [SERVER]: named('https://mcp.example.com:4000/authorize') },
    step: 'endpoints',
    cause: /another port/,
  },
  {
    what: 'loopback redirect URIs are not taken',
    script: {
      'POST /register': () => Response.json({ error: 'invalid_redirect_uri' }, { status: 400 }),
    },
    step: 'registration',
    cause: /loopback/,
    paste: /allowed_redirect_uris/,
  },
  {
    what: 'the registration sends control characters',
    script: {
      'POST /register': () =>
        new Response('\u001b]0;owned\u0007\u001b[2Jno\u202e', { status: 500 }),
    },
    step: 'registration',
    cause: /client_id/,
    seen: /500, "no"$/,
  },
  {
    what: 'the registration endpoint is not routed',
    script: { 'POST /register': html(404) },
    step: 'registration',
    cause: /missing route/,
  },
  {
    what: 'nothing is routed but the MCP path',
    script: { 'POST /mcp': bare, [RESOURCE]: 404, [SERVER]: 404, 'POST /register': 404 },
    step: 'registration',
    cause: /no metadata names an authorization server/,
    paste: /location ~ \^\/\\\.well-known/,
  },
  {
    what: 'a front end keeps browsers from the authorization endpoint',
    script: { 'GET /authorize': html(403) },
    step: 'authorize',
    cause: /sign-in of its own/,
  },
  {
    what: 'the authorization endpoint falls over',
    script: { 'GET /authorize': html(502) },
    step: 'authorize',
    cause: /finds nobody behind it/,
  },
  {
    what: 'the authorization server does not know the client',
    script: { 'GET /authorize': html(400) },
    step: 'authorize',
    cause: /refuses the client/,
  },
  {
    what: 'the provider would come back to an address inside',
    script: {
      'GET /authorize': () =>
        new Response(null, {
          status: 302,
          headers: {
            location:
              'https://id.example.net/a?redirect_uri=http%3A%2F%2Flocalhost%3A4000%2Fcallback',
          },
        }),
    },
    step: 'authorize',
    cause: /address inside, http:\/\/localhost:4000/,
    paste: /public_url/,
  },
  {
    what: 'the authorization endpoint is not routed',
    script: { 'GET /authorize': html(404) },
    step: 'authorize',
    cause: /missing route/,
    seen: /Not here/,
  },
  {
    what: 'the token endpoint is not routed',
    script: { 'POST /token': html(404) },
    step: 'token',
    cause: /missing route/,
  },
  {
    what: 'the host is refused',
    script: { 'POST /mcp': 421 },
    step: 'connect',
    cause: /does not answer for the host/,
    paste: /allowed_hosts: \[mcp\.example\.com\]/,
  },
  {
    what: 'nobody is behind the front end',
    script: { 'POST /mcp': html(502) },
    step: 'connect',
    cause: /nobody behind/,
    paste: /proxy_pass/,
  },
  {
    what: 'a slash is added',
    script: {
      'POST /mcp': () => new Response(null, { status: 301, headers: { location: '/mcp/' } }),
    },
    step: 'connect',
    cause: /loses its body/,
  },
  {
    what: 'the path has no route',
    script: { 'POST /mcp': html(404), 'GET /mcp': html(404) },
    step: 'connect',
    cause: /missing route/,
    paste: /location \//,
  },
  {
    what: 'a prefix is kept that our proxy is not told of',
    url: `${ISSUER}/llm/demo/mcp`,
    script: {
      'POST /llm/demo/mcp': () =>
        Response.json({ error: 'not_found', detail: 'Not found' }, { status: 404 }),
    },
    step: 'connect',
    cause: /prefix kept: .* \/llm is a prefix/,
    paste: /forwarded_headers: .*x-forwarded-prefix[\s\S]*X-Forwarded-Prefix \/llm;/,
  },
  {
    what: 'a web page is there',
    script: { 'POST /mcp': '<h1>Welcome</h1>' },
    step: 'connect',
    cause: /web page/,
  },
]
