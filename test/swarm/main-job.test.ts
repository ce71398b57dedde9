import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { privateKeyToAccount } from 'viem/accounts'
import { connectChain, transferToken } from '../../src/chain/index.ts'
import { runDevnet } from '../../src/devnet/run.ts'
import type { DevnetResult, DevnetStep, KeptDevnet } from '../../src/devnet/types.ts'

const AUDIT = resolve(import.meta.dirname, '../../scripts/audit.ts')

/** Every file below a folder with its bytes and whether it may be executed. */
function tree(folder: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const full = join(folder, path)
    const { mode } = statSync(full)
    if (statSync(full).isFile()) found[path] = `${(mode & 0o100) === 0 ? '-' : 'x'}:${readFileSync(full, 'base64')}`
  }
  return found
}

describe('the main job, on a folder', function () {
  this.timeout(180_000)
  const work = mkdtempSync(join(tmpdir(), 'bitcdn-main-job-'))
  const source = join(work, 'Ünïcode 集 album')
  const steps: DevnetStep[] = []
  let result: DevnetResult
  let kept: KeptDevnet

  before(async () => {
    mkdirSync(join(source, 'tief/tiefer'), { recursive: true })
    mkdirSync(join(source, 'empty'))
    writeFileSync(join(source, 'a.bin'), Buffer.alloc(3_000_001, 'BitCDN'))
    writeFileSync(join(source, 'tief/naïve ☃.txt'), 'snow\n')
    writeFileSync(join(source, 'tief/tiefer/zero'), '')
    writeFileSync(join(source, 'tief/tiefer/run.sh'), '#!/bin/sh\necho run\n')
    chmodSync(join(source, 'tief/tiefer/run.sh'), 0o755)
    const ran = await runDevnet({
      file: source,
      seeders: 2,
      keep: true,
      rpcPort: 0,
      home: work,
      signal: new AbortController().signal,
      onStep: (step) => steps.push(step),
    })
    result = ran.result
    kept = ran.kept!
  })

  after(async () => {
    await kept?.close()
    rmSync(work, { recursive: true, force: true })
  })

  /** The chain lives in this process: waiting for the audit must not stop it. */
  const audit = (): Promise<{ status: number; stdout: string }> => {
    const args = [AUDIT, '--rpc', kept.rpcUrl, '--registry', kept.contracts.registry, '--pass', kept.pass, '--json']
    return new Promise((settle) => {
      execFile(process.execPath, args, (error, stdout) => settle({ status: Number(error?.code ?? 0), stdout }))
    })
  }

  it('delivers every file as it was, and names the empty folder in a warning', () => {
    const buyer = kept.personas.find(({ name }) => name === 'buyer')!
    expect(tree(join(buyer.home, 'downloads', 'Ünïcode 集 album'))).to.deep.equal(tree(source))
    const warnings = steps.flatMap((step) => (step.kind === 'warning' ? [step.text] : []))
    expect(warnings, warnings.join('\n')).to.have.length(1)
    expect(warnings[0]).to.include('empty')
  })

  it('pays every seeder that delivered and every holder, by vouchers, in one settlement', () => {
    expect(result.seeders.reduce((sum, { bytes }) => sum + bytes, 0)).to.equal(result.bytes)
    for (const { bytes, earned } of result.seeders) expect(earned).to.equal((BigInt(bytes) * 50_000n) / 2n ** 30n)
    // some bytes may be worth less than one unit: they are not claimed alone
    expect(result.vouchers).to.equal(result.seeders.filter(({ earned }) => earned > 0n).length)
    expect(result.transactions.filter(({ what }) => what.startsWith('settle'))).to.have.length(1)
    const [creator, partner, friend] = result.holders.map(({ claimed }) => claimed)
    expect([creator, partner, friend]).to.deep.equal([2_400_000n, 1_200_000n, 400_000n])
  })

  it('conserves the buyer’s payment to the last unit', () => {
    const { paid, seeders, holders, budgetLeft, carried } = result
    const out = [...seeders.map(({ earned }) => earned), ...holders.map(({ claimed }) => claimed)]
    expect(out.reduce((sum, amount) => sum + amount, budgetLeft + carried)).to.equal(paid)
    expect(result.conserved).to.equal(true)
  })

  it('is found out by the independent audit when one unit moves', async () => {
    expect((await audit()).status).to.equal(0)
    const seeder = kept.personas.find(({ name }) => name === 'seeder1')!
    const key = readFileSync(join(seeder.home, 'keys/default.key'), 'utf8').trim()
    const chain = await connectChain({
      rpcUrl: kept.rpcUrl,
      addresses: { registry: kept.contracts.registry },
      account: privateKeyToAccount(`0x${key}`),
      finality: 'latest',
    })
    await transferToken(chain, { to: kept.contracts.settlement, amount: 1n })
    const { status, stdout } = await audit()
    expect(status).to.equal(1)
    const { conserved, checks } = JSON.parse(stdout) as {
      conserved: boolean
      checks: { what: string; holds: boolean }[]
    }
    expect(conserved).to.equal(false)
    expect(checks.filter(({ holds }) => !holds).map(({ what }) => what)).to.include(
      'settlement holds the budget and the unpaid credits',
    )
  })
})
