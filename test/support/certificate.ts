import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a certificate that signs itself, and gives its files. */
export function makeCertificate(
  folder: string,
  names: readonly string[] = ['localhost'],
): { readonly pem: string; readonly key: string } {
  const pem = join(folder, 'localhost.pem')
  const key = join(folder, 'localhost.key')
  const alternatives = names.map((name) => `DNS:${name}`).join()
  // Deno takes no authority's certificate for a server's.
  const constraints = ['-addext', 'basicConstraints=critical,CA:FALSE']
  const subject = ['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${alternatives}`]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync(
    'openssl',
    ['req', ...kind, ...subject, ...constraints, '-days', '2', '-keyout', key, '-out', pem],
    {
      stdio: 'ignore',
    },
  )
  return { pem, key }
}

/** The same, and one file with both, as some front ends want it. */
export function certify(
  folder: string,
  names: readonly string[],
): { readonly pem: string; readonly key: string; readonly both: string } {
  const { pem, key } = makeCertificate(folder, names)
  const both = join(folder, 'both.pem')
  writeFileSync(both, `${readFileSync(pem, 'utf8')}${readFileSync(key, 'utf8')}`)
  return { pem, key, both }
}
