import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, start } from './child.ts'

/** A file of examples/ as it is run here: ports, files and the address of the proxy in place of its own. */
export interface Recipe {
  readonly folder: string
  readonly kind: 'plain' | 'kept' | 'stripped' | 'inner'
  readonly port: number
  /** `host:port` of what is behind. */
  readonly upstream: string
  readonly certificate: { readonly pem: string; readonly key: string; readonly both: string }
}

/** A reverse proxy that the recipes are for. */
export interface FrontEnd {
  readonly name: string
  /** Why it can not be tested with, or false. */
  readonly isMissing: string | false
  start(recipe: Recipe): Promise<Child>
}

/** The front ends that Debian has. */
export const FRONT_ENDS: readonly FrontEnd[] = [
  frontEnd('nginx', '/usr/sbin/nginx', startNginx),
  frontEnd('haproxy', '/usr/sbin/haproxy', startHaproxy),
  frontEnd('caddy', '/usr/bin/caddy', startCaddy),
  frontEnd('apache2', '/usr/sbin/apache2', startApache),
]

function frontEnd(
  name: string,
  binary: string,
  startIt: (recipe: Recipe) => Promise<Child>,
): FrontEnd {
  return {
    name,
    isMissing: existsSync(binary) ? false : `${name} is not installed`,
    start: startIt,
  }
}

/** The text of an example with what is ours in it. */
function fill(path: string, { port, upstream, certificate }: Recipe): string {
  return readFileSync(path, 'utf8')
    .replaceAll('/etc/ssl/mcp.example.com.both.pem', certificate.both)
    .replaceAll('/etc/ssl/mcp.example.com.pem', certificate.pem)
    .replaceAll('/etc/ssl/mcp.example.com.key', certificate.key)
    .replaceAll('127.0.0.1:4000', upstream)
    .replaceAll('8080', String(port))
}

function fileOf({ kind }: Recipe, plain: string, ending: string): string {
  if (kind === 'plain') return plain
  return kind === 'inner' ? `inner${ending}` : `prefix${ending}`
}

async function startNginx(recipe: Recipe): Promise<Child> {
  const { folder, kind, port } = recipe
  const example = `examples/nginx/${fileOf(recipe, 'nginx.conf', '.conf')}`
  const server = fill(example, recipe).replace('listen 443', `listen 127.0.0.1:${port}`)
  const stripped = server.replace(/(location \/llm\/ \{\s+proxy_pass [^;]+);/, '$1/;')
  const own = join(folder, `nginx-${port}`)
  mkdirSync(own)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${own}/${name};`)
    .join('\n')
  const main = join(own, 'nginx.conf')
  writeFileSync(
    main,
    `daemon off; worker_processes 1; pid ${own}/nginx.pid; error_log stderr notice;
events {}
http { access_log off; ${temporary} ${kind === 'stripped' ? stripped : server} }`,
  )
  const child = start('/usr/sbin/nginx', ['-c', main, '-e', 'stderr'])
  await child.waitFor(/start worker process \d+/)
  return child
}

async function startHaproxy(recipe: Recipe): Promise<Child> {
  const { folder, kind, port } = recipe
  const example = `examples/haproxy/${fileOf(recipe, 'haproxy.cfg', '.cfg')}`
  const text = fill(example, recipe).replace('bind :443', `bind 127.0.0.1:${port}`)
  const main = join(folder, `haproxy-${port}.cfg`)
  writeFileSync(main, kind === 'stripped' ? text.replace('# http-request', 'http-request') : text)
  const child = start('/usr/sbin/haproxy', ['-W', '-db', '-f', main])
  await child.waitFor(/Loading success/)
  return child
}

async function startCaddy(recipe: Recipe): Promise<Child> {
  const { folder, kind, port } = recipe
  const example = `examples/caddy/${fileOf(recipe, 'Caddyfile', '.Caddyfile')}`
  const text = fill(example, recipe)
  const stripped = text.replace('handle /llm/*', 'handle_path /llm/*')
  const main = join(folder, `caddy-${port}`)
  const global = `{\n\tadmin off\n\tauto_https off\n\thttps_port ${port}\n\thttp_port 1\n\tdefault_bind 127.0.0.1\n}\n`
  writeFileSync(main, `${global}${kind === 'stripped' ? stripped : text}`)
  const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = start('/usr/bin/caddy', ['run', '--adapter', 'caddyfile', '--config', main], env)
  await child.waitFor(/serving initial configuration/)
  return child
}

const APACHE_MODULES = ['mpm_event', 'authz_core', 'ssl', 'http2', 'headers', 'proxy', 'proxy_http']

async function startApache(recipe: Recipe): Promise<Child> {
  const { folder, kind, port } = recipe
  const example = `examples/apache/${fileOf(recipe, 'apache.conf', '.conf')}`
  const text = fill(example, recipe).replace(
    '<VirtualHost *:443>',
    `<VirtualHost 127.0.0.1:${port}>`,
  )
  const stripped = text.replace(/(ProxyPass \/llm\/ http:\/\/[^/]+\/)llm\//, '$1')
  const own = join(folder, `apache-${port}`)
  mkdirSync(own)
  const modules = APACHE_MODULES.map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
  )
  const main = join(own, 'apache.conf')
  const log = join(own, 'error.log')
  writeFileSync(log, '')
  writeFileSync(
    main,
    [
      ...modules,
      `ServerRoot ${own}`,
      'ServerName localhost',
      `PidFile ${own}/pid`,
      `DefaultRuntimeDir ${own}`,
      'Mutex posixsem default',
      // Heeded where the test runs as root only.
      'User www-data',
      'Group www-data',
      `ErrorLog ${log}`,
      'LogLevel notice',
      `Listen 127.0.0.1:${port}`,
      kind === 'stripped' ? stripped : text,
    ].join('\n'),
  )
  const changes = watch(log)
  const child = start('/usr/sbin/apache2', ['-DFOREGROUND', '-f', main])
  const failed = child.ended().then((status) => {
    throw new Error(`apache2 ended with ${status}: ${child.output()}${readFileSync(log, 'utf8')}`)
  })
  failed.catch(() => undefined)
  while (!/resuming normal operations/.test(readFileSync(log, 'utf8'))) {
    await Promise.race([once(changes, 'change'), failed])
  }
  changes.close()
  return child
}
