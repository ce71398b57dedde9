/** What a promise fails with; fails itself when it does not. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('It was expected to fail, and did not.')
}

/** What a function throws; throws when it does not. */
export function thrown(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('It was expected to throw, and did not.')
}
