import * as v from 'valibot'
import type { DemoSession } from './token-endpoint.ts'

/** One step of a tool that takes its time. */
export interface Progress {
  readonly progress: number
  readonly total: number
  readonly message: string
}

/** What a tool may use while it runs. */
export interface ToolContext {
  readonly session: DemoSession
  readonly now: () => number
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly report: (progress: Progress) => void
  readonly signal: AbortSignal
}

/** The result of `tools/call`. */
interface ToolResult {
  readonly content: readonly { readonly type: 'text'; readonly text: string }[]
  readonly isError?: true
}

/** A tool: how `tools/list` describes it, and what it does. */
export interface Tool {
  readonly description: { readonly name: string } & Readonly<Record<string, unknown>>
  readonly isStreaming: boolean
  readonly call: (sent: unknown, context: ToolContext) => Promise<ToolResult>
}

/** The demo's tools by name. */
export function createTools(): ReadonlyMap<string, Tool> {
  const tools = [createWhoami(), createAdd(), createCountdown()]
  return new Map(tools.map((tool) => [tool.description.name, tool]))
}

function createWhoami(): Tool {
  return {
    description: {
      name: 'whoami',
      title: 'Who am I',
      description: 'Tells who is signed in, and how long the access token still lives.',
      inputSchema: { type: 'object', properties: {}, additionalProperties: false },
      annotations: { title: 'Who am I', readOnlyHint: true, openWorldHint: false },
    },
    isStreaming: false,
    call: parsed(v.strictObject({}), (_, { session, now }) => {
      const seconds = Math.floor((session.expiresAt - now()) / 1000)
      return `Signed in as ${session.name}; the access token lives for another ${seconds} seconds.`
    }),
  }
}

function createAdd(): Tool {
  return {
    description: {
      name: 'add',
      title: 'Add',
      description: 'Adds two numbers.',
      inputSchema: {
        type: 'object',
        properties: { a: { type: 'number' }, b: { type: 'number' } },
        required: ['a', 'b'],
        additionalProperties: false,
      },
      annotations: {
        title: 'Add',
        readOnlyHint: true,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    isStreaming: false,
    call: parsed(v.strictObject({ a: v.number(), b: v.number() }), ({ a, b }) => String(a + b)),
  }
}

const CountdownArguments = v.strictObject({
  from: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)),
  delayMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1000)), 300),
})

function createCountdown(): Tool {
  return {
    description: {
      name: 'countdown',
      title: 'Countdown',
      description: 'Counts down to zero and streams every step as progress.',
      inputSchema: {
        type: 'object',
        properties: {
          from: { type: 'integer', minimum: 1, maximum: 10 },
          delayMs: { type: 'number', minimum: 0, maximum: 1000, default: 300 },
        },
        required: ['from'],
        additionalProperties: false,
      },
      annotations: { title: 'Countdown', readOnlyHint: true, openWorldHint: false },
    },
    isStreaming: true,
    call: parsed(CountdownArguments, async ({ from, delayMs }, { report, wait, signal }) => {
      for (let step = 1; step <= from; step += 1) {
        report({ progress: step, total: from, message: String(from - step + 1) })
        await wait(delayMs, signal)
      }
      return `Counted down from ${from}.`
    }),
  }
}

/** Unusable arguments are a result, not a protocol error, so that the model can mend them. */
function parsed<Schema extends v.GenericSchema>(
  schema: Schema,
  run: (input: v.InferOutput<Schema>, context: ToolContext) => string | Promise<string>,
): Tool['call'] {
  return async (sent, context) => {
    const input = v.safeParse(schema, sent)
    if (input.success) return { content: [text(await run(input.output, context))] }
    return { content: [text(`Unusable arguments:\n${v.summarize(input.issues)}`)], isError: true }
  }
}

function text(value: string) {
  return { type: 'text', text: value } as const
}
