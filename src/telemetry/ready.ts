// Whether what a program stands on answers: asked all at once, each for a short while.

/** Milliseconds in which all must answer a program that calls itself ready. */
const READY_MILLISECONDS = 3_000

/** Resolves to a sentence for each that fails or is late; `questions` are named as people would: `The ledger`. */
export async function whatIsSilent(
  questions: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>,
): Promise<string[]> {
  const signal = AbortSignal.timeout(READY_MILLISECONDS)
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${READY_MILLISECONDS / 1_000} s`)))
  })
  const asked = Object.entries(questions)
  const answers = await Promise.allSettled(asked.map(([, ask]) => Promise.race([ask(signal), late])))
  return answers.flatMap((answer, at) => {
    if (answer.status === 'fulfilled') return []
    return [`${asked[at]?.[0]} does not answer: ${(answer.reason as Error).message.split('\n', 1)[0]}`]
  })
}
