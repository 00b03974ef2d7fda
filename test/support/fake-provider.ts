/** A token request as it reached the provider. */
export interface TokenCall {
  readonly url: string
  readonly form: Readonly<Record<string, string>>
  readonly headers: Headers
}

/** A provider's token endpoint that answers what it is told to. */
export interface FakeProvider {
  readonly fetch: typeof globalThis.fetch
  readonly calls: readonly TokenCall[]
  /** What the next calls get. */
  answer(respond: (call: TokenCall) => Response | Promise<Response>): void
}

/** A fake provider; at first it grants tokens that expire and can be refreshed. */
export function createFakeProvider(): FakeProvider {
  const calls: TokenCall[] = []
  let respond: (call: TokenCall) => Response | Promise<Response> = () =>
    Response.json({
      access_token: `provider-access-${calls.length}`,
      token_type: 'bearer',
      expires_in: 600,
      refresh_token: `provider-refresh-${calls.length}`,
    })
  return {
    calls,
    answer(next) {
      respond = next
    },
    async fetch(input, init) {
      const request = new Request(input, init)
      const form = Object.fromEntries(new URLSearchParams(await request.text()))
      const call = { url: request.url, form, headers: request.headers }
      calls.push(call)
      return respond(call)
    },
  }
}
