import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificate } from './certificate.ts'
import { type Child, findFreePort, start } from './child.ts'

const NGINX = '/usr/sbin/nginx'

/** Why there is no nginx to test with, or false. */
export const nginxIsMissing = existsSync(NGINX) ? false : 'nginx is not installed'

/** A real nginx with TLS, as examples/nginx/nginx.conf has it, but for names and ports. */
export async function startNginx(
  folder: string,
  upstream: string,
): Promise<{ readonly base: string; readonly child: Child }> {
  const port = await findFreePort()
  const certificate = makeCertificate(folder)
  const server = readFileSync('examples/nginx/nginx.conf', 'utf8')
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('mcp.example.com *.mcp.example.com;', 'localhost;')
    .replace('/etc/ssl/mcp.example.com.pem', certificate.pem)
    .replace('/etc/ssl/mcp.example.com.key', certificate.key)
    .replace('http://127.0.0.1:4000', upstream)
  return { base: `https://localhost:${port}`, child: await runNginx(folder, server) }
}

/** A real nginx with these server blocks. */
export async function runNginx(folder: string, servers: string): Promise<Child> {
  mkdirSync(join(folder, 'tmp'))
  const temporary = temporaryFilesIn(join(folder, 'tmp'))
  const main = join(folder, 'nginx.conf')
  writeFileSync(
    main,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr notice;
events {}
http { access_log off; ${temporary} ${servers} }`,
  )
  const child = start(NGINX, ['-c', main, '-e', 'stderr'])
  await child.waitFor(/start worker process \d+/)
  return child
}

/** An nginx that hands on every header of its clients, and keeps whatever does not forbid it. */
export async function startCachingNginx(
  folder: string,
  upstream: string,
): Promise<{ readonly base: string; readonly child: Child }> {
  const port = await findFreePort()
  const own = join(folder, 'cache')
  mkdirSync(own)
  const main = join(own, 'nginx.conf')
  writeFileSync(
    main,
    `daemon off; worker_processes 1; pid ${own}/nginx.pid; error_log stderr notice;
# Heeded where the test runs as root only, whose folder the cache is in.
user root;
events {}
http {
  access_log off;
  ${temporaryFilesIn(own)}
  proxy_cache_path ${own}/kept keys_zone=kept:1m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${upstream};
      proxy_cache kept;
      proxy_cache_key $uri;
      proxy_cache_valid any 10m;
      add_header X-Cache $upstream_cache_status always;
    }
  }
}`,
  )
  const child = start(NGINX, ['-c', main, '-e', 'stderr'])
  await child.waitFor(/start worker process \d+/)
  return { base: `http://127.0.0.1:${port}`, child }
}

function temporaryFilesIn(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n')
}
