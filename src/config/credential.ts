import type { Credential, ExchangeConfig, ProviderConfig } from './config.ts'
import type { EntryContext } from './entry.ts'
import { createServerProvider } from './provider.ts'
import type { TypedEntry } from './server-schema.ts'

/** What goes upstream, for a server whose requests do not take the user's own token there. */
export function createCredential(
  name: string,
  entry: TypedEntry,
  context: EntryContext,
): Credential {
  switch (entry.auth_type) {
    case 'none':
      return { kind: 'none' }
    case 'oauth2':
      return { kind: 'machine', provider: createMachineProvider(name, entry, context) }
    case 'oauth2_token_exchange':
      return createExchange(name, entry, context)
    case 'true_passthrough':
      return { kind: 'client' }
    default:
      return createStatic(entry.auth_type, readStaticValue(entry, context))
  }
}

type StaticType = Exclude<
  TypedEntry['auth_type'],
  'none' | 'oauth2' | 'oauth2_token_exchange' | 'true_passthrough'
>

function readStaticValue(entry: TypedEntry, context: EntryContext): string {
  const value =
    context.readTwin(
      'authentication_token',
      entry.authentication_token,
      entry.authentication_token_file,
    ) ?? context.readTwin('auth_value', entry.auth_value, entry.auth_value_file)
  const isThere = context.isThere(
    'authentication_token',
    'authentication_token_file',
    'auth_value',
    'auth_value_file',
  )
  if (value === undefined && !isThere) {
    context.demand('authentication_token', `what ${entry.auth_type} sends upstream`)
  }
  if (value !== undefined && !/^[\x20-\x7E]+$/.test(value)) {
    context.note('authentication_token', 'Unusable value: want printable text on one line')
  }
  return value ?? ''
}

/** LiteLLM's types, each with the header that it means. */
function createStatic(type: StaticType, value: string): Credential {
  switch (type) {
    case 'bearer_token':
      return { kind: 'static', header: ['authorization', `Bearer ${value}`] }
    case 'api_key':
      return { kind: 'static', header: ['x-api-key', value] }
    case 'basic':
      return { kind: 'static', header: ['authorization', `Basic ${encodeBasic(value)}`] }
    case 'authorization':
      return { kind: 'static', header: ['authorization', value] }
    case 'token':
      return { kind: 'static', header: ['authorization', `token ${value}`] }
  }
}

/** `user:password` is encoded; what has no colon is encoded already (RFC 7617 §2). */
function encodeBasic(value: string): string {
  return value.includes(':') ? btoa(value) : value
}

function createMachineProvider(
  name: string,
  entry: TypedEntry,
  context: EntryContext,
): ProviderConfig {
  const provider = createServerProvider(name, entry, context)
  demandClient(provider, context)
  return provider
}

/** A client of the proxy's own must prove itself: there is no user who does. */
function demandClient({ client }: ProviderConfig, context: EntryContext): void {
  if (client === undefined && !context.isThere('client_id', 'client_id_file')) {
    context.demand('client_id', 'the id of your app at the provider')
  }
  const keys = [
    'client_secret',
    'client_secret_file',
    'client_private_key',
    'client_private_key_file',
  ]
  if (client?.method === 'none' && !context.isThere(...keys)) {
    context.demand('client_secret', 'the secret of your app at the provider')
  }
}

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

function createExchange(name: string, entry: TypedEntry, context: EntryContext): Credential {
  if (typeof entry.access !== 'object' && !context.isThere('access')) {
    context.demand('access', '{ sign_in: NAME }, since it is the token of a user that is exchanged')
  } else if (entry.access === 'open' || entry.access === 'keys') {
    context.note('access', 'Unusable value: want { sign_in: NAME }, whose token is exchanged')
  }
  const tokenUrl = entry.token_exchange_endpoint ?? entry.token_url
  const settings = createServerProvider(name, entry, context)
  demandClient(settings, context)
  const exchange: ExchangeConfig = {
    profile: entry.token_exchange_profile ?? 'rfc8693',
    subjectTokenType: entry.subject_token_type ?? ACCESS_TOKEN,
    ...(entry.audience === undefined ? {} : { audience: entry.audience }),
  }
  const provider = tokenUrl === undefined ? settings : { ...settings, tokenUrl }
  return { kind: 'exchange', provider, exchange }
}
