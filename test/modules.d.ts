declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'
  /** The part of npm oidc-provider that the tests use; the package brings no types. */
  // biome-ignore lint/style/noDefaultExport: the package exports it so
  export default class Provider {
    constructor(issuer: string, configuration: object)
    callback(): RequestListener
    on(
      event: 'grant.success',
      listener: (context: { oidc: { params?: Record<string, unknown> } }) => void,
    ): void
  }
}
