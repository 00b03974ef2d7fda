import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Makes a certificate for localhost that signs itself, and gives its files. */
export function makeCertificate(folder: string): { readonly pem: string; readonly key: string } {
  const pem = join(folder, 'localhost.pem')
  const key = join(folder, 'localhost.key')
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', ...kind, ...subject, '-days', '2', '-keyout', key, '-out', pem], {
    stdio: 'ignore',
  })
  return { pem, key }
}
