// The contract tests as a list of functions: a mutation run calls the likeliest one first and stops at the first that fails.
export interface Test {
  readonly file: string
  readonly title: string
  readonly run: () => Promise<void>
}

type Body = (this: object) => unknown

/** Imports mocha test files and answers their tests, without mocha. Takes describe, it and their `timeout`. */
export async function loadTests(files: readonly string[]): Promise<Test[]> {
  const tests: Test[] = []
  const context = { timeout: () => context, slow: () => context }
  let titles: string[] = []
  let file = ''
  Object.assign(globalThis, {
    describe(title: string, body: Body) {
      const outer = titles
      titles = [...outer, title]
      body.call(context)
      titles = outer
    },
    it(title: string, body: Body) {
      tests.push({ file, title: [...titles, title].join(' › '), run: async () => void (await body.call(context)) })
      return context
    },
  })
  for (const next of files) {
    file = next
    await import(next)
  }
  return tests
}
