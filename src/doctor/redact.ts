import type { ClientFinding, Step } from './report.ts'

const SHORTEST = 8 // characters of a secret that still tell something

/** Keeps what must not be shown out of texts, also where a server sends it back to us. */
export interface Redactor {
  /** From now on this is a secret. */
  hide(secret: string | undefined): void
  redact(text: string): string
}

/** A redactor that knows no secret yet. */
export function createRedactor(): Redactor {
  const secrets = new Set<string>()
  return {
    hide(secret) {
      if (secret !== undefined && secret.length >= SHORTEST) secrets.add(secret)
    },
    redact: (text) => [...secrets].reduce(withoutSecret, text),
  }
}

/** A step of which no part tells a secret. */
export function redactStep(step: Step, { redact }: Redactor): Step {
  const { seen, cause, remedy } = step
  return {
    ...step,
    seen: redact(seen),
    ...(cause === undefined ? {} : { cause: redact(cause) }),
    ...(remedy === undefined
      ? {}
      : { remedy: remedy.map(({ place, lines }) => ({ place, lines: lines.map(redact) })) }),
  }
}

/** What was found of a client, without a secret. */
export function redactFinding(finding: ClientFinding, { redact }: Redactor): ClientFinding {
  const { why, at } = finding
  return { ...finding, why: redact(why), ...(at === undefined ? {} : { at: redact(at) }) }
}

/** A text that was cut may end within the secret, so its beginning counts too. */
function withoutSecret(text: string, secret: string): string {
  const at = text.indexOf(secret.slice(0, SHORTEST))
  if (at === -1) return text
  let length = SHORTEST
  while (length < secret.length && text[at + length] === secret[length]) length += 1
  const rest = withoutSecret(text.slice(at + length), secret)
  return `${text.slice(0, at)}[secret]${rest}`
}
