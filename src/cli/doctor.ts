import * as v from 'valibot'
import { examine, type Orders } from '../doctor/doctor.ts'
import type { Desk } from '../doctor/login.ts'
import { createProbe } from '../doctor/probe.ts'
import { renderJson } from '../doctor/render-json.ts'
import { renderEnd, renderStep } from '../doctor/render-text.ts'
import { isWell, type Report } from '../doctor/report.ts'
import type { ToolCall } from '../doctor/stream.ts'
import { parseTarget, type Target } from '../doctor/target.ts'
import type { Platform } from '../platform/platform.ts'
import { CommandError, type Invocation } from './command.ts'

/** `doctor URL`: does what a client does, from outside, and says what is wrong and how to mend it. */
export async function doctor({ platform, values, words }: Invocation): Promise<number> {
  const target = targetOf(words[0])
  const isJson = values['json'] === true
  const orders = { ...ordersOf(values), probe: createProbe(fetch, () => performance.now()) }
  if (!isJson) platform.write(`${target.url}\n\n`)
  if (target.zone === 'private' && target.url.startsWith('http:')) {
    platform.writeError(
      'http beyond this machine: many clients refuse it, and tokens can be read\n',
    )
  }
  const report = await examineFrom(platform, target, {
    ...orders,
    ...(isJson ? {} : { onStep: (step) => platform.write(renderStep(step)) }),
    isLogin: values['login'] === true,
  })
  platform.write(isJson ? renderJson(report) : renderEnd(report))
  return isWell(report) ? 0 : 1
}

function targetOf(url: string | undefined): Target {
  if (url === undefined)
    throw new CommandError(2, 'Missing URL: want the public address of an MCP server')
  const parsed = parseTarget(url)
  if (parsed.kind === 'unusable') throw new CommandError(2, `Unusable URL: ${parsed.why}`)
  return parsed.target
}

function ordersOf(values: Invocation['values']): Pick<Orders, 'clientId' | 'call'> {
  const { 'client-id': clientId, call: name, arguments: given = '{}' } = values
  return {
    ...(typeof clientId === 'string' ? { clientId } : {}),
    ...(typeof name === 'string' ? { call: { name, arguments: parseArguments(given) } } : {}),
  }
}

const Arguments = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown()))

function parseArguments(given: unknown): ToolCall['arguments'] {
  const parsed = v.safeParse(Arguments, given)
  if (!parsed.success) throw new CommandError(2, 'Unusable --arguments: want a JSON object')
  return parsed.output
}

/** With a listener for the browser to come back to, where somebody signs in. */
async function examineFrom(
  platform: Platform,
  target: Target,
  { isLogin, ...orders }: Orders & { readonly isLogin: boolean },
): Promise<Report> {
  if (!isLogin) return examine(target, orders)
  const { desk, close } = await openDesk(platform)
  try {
    return await examine(target, { ...orders, desk })
  } finally {
    await close()
  }
}

const CALLBACK_TIMEOUT = 300_000 // milliseconds

async function openDesk(
  platform: Platform,
): Promise<{ readonly desk: Desk; close(): Promise<void> }> {
  let comeBack: (url: URL) => void = () => undefined
  const callback = new Promise<URL>((resolve) => {
    comeBack = resolve
  })
  const { port, close } = await platform.listen({
    host: '127.0.0.1',
    port: 0,
    app: async ({ method, url }) => {
      const { pathname, searchParams } = new URL(url)
      const isCallback = searchParams.has('code') || searchParams.has('error')
      if (method !== 'GET' || pathname !== '/callback' || !isCallback) {
        return new Response('Not found', { status: 404 })
      }
      comeBack(new URL(url))
      return new Response('Back to the terminal: you may close this window.\n')
    },
  })
  const desk: Desk = {
    redirectUri: `http://127.0.0.1:${port}/callback`,
    show: async (url, isOpenable) => {
      platform.writeError(`Sign in at:\n\n  ${url}\n\n`)
      if (isOpenable) await platform.openBrowser(url)
    },
    waitForCallback: () => Promise.race([callback, timeOut()]),
  }
  return { desk, close }
}

function timeOut(): Promise<never> {
  return new Promise((_resolve, reject) => {
    const late = () =>
      reject(new Error(`nobody came back within ${CALLBACK_TIMEOUT / 60_000} minutes`))
    setTimeout(late, CALLBACK_TIMEOUT)
  })
}
