import { Command } from 'commander'
import type { Address } from 'viem'
import { type Chain, listPasses, type Pass, readTiers } from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import { createGatewayClient } from '../../gateway-client/index.ts'
import { type FoundContent, findContent, findContents, purchasePass } from '../../sdk/index.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { openWallet, parseAddress, WALLET_SETTINGS } from '../wallet.ts'
import { money, parseMoney, parseWhole } from '../words.ts'

export function passCommand(io: CommandIo): Command {
  const command = new Command('pass').description('buy and list access passes')
  command.addCommand(buyCommand(io)).addCommand(listCommand(io))
  command.addHelpText('after', '\nExamples:\n  bitcdn pass list 3f8a…c1\n  bitcdn pass buy 3f8a…c1 --max-price 5')
  return command
}

function buyCommand(io: CommandIo): Command {
  const command = new Command('buy')
    .description('buy a pass')
    .argument('<content>', "content id, magnet link, or the pass's address")
    .option('--tier <number>', 'which kind of pass', '0')
    .option('--max-price <amount>', 'refuse to pay more')
    .option('--publisher <address>', 'whom to buy from, where several sell the same content')
    .option('--again', 'buy another one although you hold a valid pass of this kind')
    .option('--relay', 'let the gateway submit the purchase and pay the gas')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn pass buy 3f8a…c1 --max-price 5
  bitcdn pass buy 3f8a…c1 --relay --gateway https://shop.example      no gas needed`,
  )
  return withSettings(command, ...WALLET_SETTINGS, 'gateway').action(async (what: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const { signal } = io
    const { chain, decimals, symbol } = await openWallet(settings, io)
    const publisher =
      options.publisher === undefined ? undefined : parseAddress(String(options.publisher), '--publisher')
    const { pass, contentId, title } = await findContent(chain, what, { publisher, signal })
    const tier = parseWhole(String(options.tier), '--tier')
    if (options.again !== true) await refuseSecondPass({ wallet: chain, pass, tier, title }, signal)
    const bought = await purchasePass(
      chain,
      {
        pass,
        tier,
        maxPrice:
          options.maxPrice === undefined ? undefined : parseMoney(String(options.maxPrice), decimals, '--max-price'),
        relay: options.relay === true ? createGatewayClient({ url: settings.required('gateway') }) : undefined,
      },
      { signal },
    )
    const { tokenId, paid, delivery, validUntil, hash, gasUsed } = bought
    const result = { contentId, pass, tokenId, paid, delivery, validUntil: untilJson(validUntil), hash, gasUsed }
    printResult(io, settings.json, result, () => [
      `Bought     pass ${tokenId} of ${title} for ${money(paid, decimals)} ${symbol}, ${untilWords(validUntil)}`,
      `Download   bitcdn get ${contentId}`,
    ])
  })
}

/** Who repeats the command after a lost connection should not pay twice. */
async function refuseSecondPass(
  { wallet, pass, tier, title }: { wallet: Chain; pass: Address; tier: number; title: string },
  signal: AbortSignal,
): Promise<void> {
  const held = await listPasses(wallet, { pass, holder: wallet.account!.address }, { signal })
  const valid = held.find((one) => one.valid && one.tier === tier)
  if (valid === undefined) return
  throw new BitCdnError(
    'usage',
    `You hold pass ${valid.tokenId} of ${title} already, ${untilWords(valid.validUntil)}.`,
    {
      advice: 'Download with "bitcdn get". To buy another one, for somebody else say, add --again.',
    },
  )
}

function listCommand(io: CommandIo): Command {
  const command = new Command('list')
    .description('list passes: those that you hold, or the kinds that a content sells')
    .argument('[content]', "content id, magnet link, or the pass's address")
    .option('--publisher <address>', 'only passes of this publisher')
    .option('--holder <address>', 'whose passes (default: your own)')
  command.addHelpText('after', '\nExamples:\n  bitcdn pass list\n  bitcdn pass list 3f8a…c1        what it costs')
  return withSettings(command, ...WALLET_SETTINGS).action(async (what: string | undefined, options: Options) => {
    const settings = resolveSettings(options, io)
    const { signal } = io
    const needsKey = options.holder === undefined && what === undefined
    const { chain, decimals, symbol } = await openWallet(settings, io, !needsKey)
    const publisher =
      options.publisher === undefined ? undefined : parseAddress(String(options.publisher), '--publisher')
    if (what !== undefined && options.holder === undefined) {
      const content = await findContent(chain, what, { publisher, signal })
      const tiers = await readTiers(chain, content.pass, { signal })
      printResult(
        io,
        settings.json,
        { contentId: content.contentId, pass: content.pass, title: content.title, tiers },
        () => [
          `${content.title}   pass ${content.pass}`,
          ...tiers.map(
            ({ tier, price, duration, supplyCap, issued, open, transferable }) =>
              `  tier ${tier}  ${money(price, decimals)} ${symbol}  ${duration === 0 ? 'for ever' : `${duration / 86_400} days`}` +
              `  ${issued} sold${supplyCap === 0 ? '' : ` of ${supplyCap}`}${transferable ? '' : '  soulbound'}${open ? '' : '  closed'}`,
          ),
        ],
      )
      return
    }
    const holder =
      options.holder === undefined ? chain.account?.address : parseAddress(String(options.holder), '--holder')
    if (holder === undefined) throw new BitCdnError('usage', 'Whose passes? Name --holder or a key.')
    const contents =
      what === undefined
        ? await findContents(chain, { publisher, signal })
        : [await findContent(chain, what, { publisher, signal })]
    const held: (Pass & Pick<FoundContent, 'contentId' | 'title' | 'pass'>)[] = []
    for (const { pass, contentId, title } of contents) {
      for (const owned of await listPasses(chain, { pass, holder }, { signal }))
        held.push({ contentId, title, pass, ...owned })
    }
    const passes = held.map((pass) => ({ ...pass, validUntil: untilJson(pass.validUntil) }))
    printResult(io, settings.json, { holder, passes }, () =>
      held.length === 0
        ? [`${holder} holds no pass.`]
        : held.map(
            ({ title, tokenId, valid, validUntil, contentId }) =>
              `${valid ? 'valid  ' : 'ended  '}  ${title}  #${tokenId}  ${untilWords(validUntil)}  ${contentId}`,
          ),
    )
  })
}

/** Larger than any date: the pass never ends. */
const FOR_EVER = 1n << 50n

const untilJson = (validUntil: bigint): string | null => (validUntil >= FOR_EVER ? null : String(validUntil))
const untilWords = (validUntil: bigint): string =>
  validUntil >= FOR_EVER ? 'valid for ever' : `valid until ${new Date(Number(validUntil) * 1000).toISOString()}`
