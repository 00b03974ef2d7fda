import { createAuthorizationRequest, tryAuthorization } from './authorization.ts'
import { CLIENT_ORDERS } from './client-orders.ts'
import { createGet, type Examination, unseen } from './examination.ts'
import { type Greeting, greet, readChallenge, type Transport } from './greeting.ts'
import { createGround } from './ground.ts'
import { cleanUp, type Desk, refresh, type SigningIn, signIn, type Tokens } from './login.ts'
import type { Answered, Probe } from './probe.ts'
import { createRedactor, redactFinding, redactStep } from './redact.ts'
import { type RegisteredClient, register, unregister } from './registration.ts'
import type { ClientFinding, Report, Step, StepName } from './report.ts'
import { findResourceMetadata } from './resource-metadata.ts'
import { findServerMetadata } from './server-metadata.ts'
import { closeSession, listTools, openSession } from './session.ts'
import { type ToolCall, watchLegacyStream, watchStream } from './stream.ts'
import type { Target } from './target.ts'
import { tryTokenEndpoint } from './token-endpoint.ts'
import { walkClient } from './walk-client.ts'
import { walkOpen } from './walk-open.ts'

/** What the doctor was told to do. */
export interface Orders {
  readonly probe: Probe
  /** Where to sign in; without, nobody signs in. */
  readonly desk?: Desk
  readonly clientId?: string
  readonly call?: ToolCall
  /** Told of each step as soon as it is done. */
  readonly onStep?: (step: Step) => void
}

/** The redirect URI of a dry run, to which nobody is ever sent. */
const DRY_REDIRECT_URI = 'http://127.0.0.1:33418/callback'

/** Does what a client does at an MCP URL, step by step, from outside. */
export async function examine(target: Target, orders: Orders): Promise<Report> {
  const steps: Step[] = []
  const redactor = createRedactor()
  const { hide } = redactor
  const record = (step: Step) => {
    const shown = redactStep(step, redactor)
    steps.push(shown)
    orders.onStep?.(shown)
  }
  const { probe } = orders
  const examination: Examination = { target, probe, get: createGet(probe), record, steps, hide }
  const greeting = await greet(examination)
  const found = await examineBehind(greeting, orders, examination)
  const clients = found.map((finding) => redactFinding(finding, redactor))
  return { url: target.url, steps, clients }
}

async function examineBehind(
  greeting: Greeting,
  orders: Orders,
  examination: Examination,
): Promise<readonly ClientFinding[]> {
  switch (greeting.kind) {
    case 'none':
      return []
    case 'open':
      return examineOpen(greeting.transport, orders, examination)
    case 'protected':
      return examineSignIn(greeting.resourceMetadata, orders, examination)
  }
}

/** Some servers are open up to the first request that matters. */
async function examineOpen(
  transport: Transport,
  orders: Orders,
  examination: Examination,
): Promise<readonly ClientFinding[]> {
  const refusal = await useServer({ transport, token: undefined }, orders, examination)
  if (refusal !== undefined) {
    return examineSignIn(readChallenge(refusal, examination), orders, examination)
  }
  const stopped = findStop(examination)
  return Promise.all(
    CLIENT_ORDERS.map((order) => walkOpen(order, { transport, stopped }, examination)),
  )
}

async function examineSignIn(
  challenged: string | undefined,
  orders: Orders,
  examination: Examination,
): Promise<readonly ClientFinding[]> {
  const { desk, clientId } = orders
  const redirectUri = desk?.redirectUri ?? DRY_REDIRECT_URI
  const resource = await findResourceMetadata(challenged, examination)
  const server = await findServerMetadata(resource, examination)
  let client: RegisteredClient | undefined
  if (server?.isUsable === true) {
    client = await register(server, { redirectUri, clientId }, examination)
    if (client !== undefined)
      await authorize({ server, client, resource, redirectUri }, orders, examination)
  }
  if (server?.isUsable === false) {
    examination.record(unseen('registration', 'not tried, since the endpoints may not be asked'))
  }
  if (client !== undefined) await unregister(client, examination)
  const ground = createGround(examination, {
    challenged,
    hasClientId: clientId !== undefined,
    own: { server, client, resource: resource?.document.resource, stopped: findStop(examination) },
  })
  return Promise.all(CLIENT_ORDERS.map((order) => walkClient(order, ground)))
}

/** The steps without which nobody gets through, wherever else they look. */
const SIGN_IN: ReadonlySet<StepName> = new Set(['authorize', 'token', 'handshake'])

function findStop({ steps }: Examination): StepName | undefined {
  return steps.find(({ name, mark }) => mark === 'failed' && SIGN_IN.has(name))?.name
}

async function authorize(
  coming: Omit<SigningIn, 'desk'> & { readonly redirectUri: string },
  orders: Orders,
  examination: Examination,
): Promise<void> {
  const { server, client, resource, redirectUri } = coming
  const clientId = client.client_id
  const request = await createAuthorizationRequest(server, { clientId, redirectUri, resource })
  if (orders.desk === undefined) {
    await tryAuthorization(request, redirectUri, examination)
    await tryTokenEndpoint(server, clientId, examination)
    examination.record(unseen('handshake', 'not seen without a token: --login signs in'))
    examination.record(unseen('stream', 'not seen without a token: --login signs in'))
    return
  }
  const signingIn = { server, client, resource, desk: orders.desk }
  const tokens = await signIn(request, signingIn, examination)
  if (tokens !== undefined) await useSignIn(tokens, { ...orders, signingIn }, examination)
}

async function useSignIn(
  tokens: Tokens,
  orders: Orders & { readonly signingIn: SigningIn },
  examination: Examination,
): Promise<void> {
  const token = tokens.access_token
  await useServer({ transport: 'streamable', token }, orders, examination)
  const renewed = await refresh(tokens, orders.signingIn, examination)
  await cleanUp(renewed, orders.signingIn, examination)
}

/** Gives the answer that asks for a sign-in, if one does. */
async function useServer(
  { transport, token }: { readonly transport: Transport; readonly token: string | undefined },
  orders: Orders,
  examination: Examination,
): Promise<Answered | undefined> {
  const session = transport === 'legacy' ? 'legacy' : await openSession(token, examination)
  if (session === undefined) return undefined
  if (session === 'legacy') {
    await watchLegacyStream(examination, token)
    return undefined
  }
  const refusal = await listTools(session, examination)
  if (refusal === undefined) await watchStream(session, orders.call, examination)
  await closeSession(session, examination)
  return refusal
}
