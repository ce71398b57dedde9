// Listens to every statement that this process sends to PostgreSQL. To be imported before anything connects.
import pg from 'pg'

/** Each text once, as it is sent. */
export const statements = new Set<string>()

const { prototype } = pg.Client
const query = prototype.query as (...args: unknown[]) => unknown
prototype.query = function listened(this: pg.Client, ...args: unknown[]): unknown {
  const [first] = args
  const text = typeof first === 'string' ? first : (first as { text?: unknown } | undefined)?.text
  if (typeof text === 'string') statements.add(text)
  return query.apply(this, args)
} as typeof prototype.query
