// What must never be printed: keys, passwords, and what travels in the URLs of providers. Whoever reads a secret
// remembers it here, and whoever prints a failure or a log line takes it out, in whatever words it comes back.

const MASK = '[secret]'
/** Shorter parts are words such as `v3` and `mainnet`: masking them would tear sentences. */
const LEAST_LENGTH = 8

const remembered = new Set<string>()

/** Keeps a value out of every log line and error message of this process from now on. */
export function rememberSecret(value: string): void {
  const secret = value.trim()
  if (secret.length < LEAST_LENGTH) return
  remembered.add(secret)
  if (/^0x[0-9a-f]{64}$/i.test(secret)) remembered.add(secret.slice(2))
}

/** Providers' keys are user information, parts of the path, or values of the query. */
export function rememberSecretsOf(url: string): void {
  const parsed = URL.parse(url)
  if (parsed === null) return
  const parts = [...parsed.pathname.split('/'), ...parsed.searchParams.values(), parsed.password]
  for (const part of parts) {
    rememberSecret(part)
    rememberSecret(decoded(part))
  }
}

/** Whether a URL carries something that others should not read. */
export function carriesSecret(url: string): boolean {
  const parsed = URL.parse(url)
  if (parsed === null) return false
  const parts = [...parsed.pathname.split('/'), ...parsed.searchParams.values()]
  return parsed.password !== '' || parts.some((part) => part.length >= LEAST_LENGTH)
}

/** The text without remembered secrets, and with nothing of a URL but scheme and host. */
export function withoutSecrets(text: string): string {
  let clean = text
  for (const secret of remembered) clean = clean.replaceAll(secret, MASK)
  return clean.replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@"'\\]*@)?([^\s/?#"'\\]+)[^\s"'\\]*/gi, hostAlone)
}

/** A sentence may end right behind a URL: its full stop and bracket stay. */
function hostAlone(url: string, scheme: string, host: string): string {
  const end = /[.,;:)]+$/.exec(url)?.[0] ?? ''
  return `${scheme}${host.replace(/[.,;:)]+$/, '')}${end}`
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
