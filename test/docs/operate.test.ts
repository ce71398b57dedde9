// The files of docs/operate/ say what the programs take: flags by the command line's own parser, ports and paths by what the
// monitor answers, manifests field by field. What systemd says of the units, test/faults/units.test.ts asks.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { SETTINGS } from '../../src/cli/settings.ts'
import { bitcdn } from '../src/cli/terminal.ts'

const OPERATE = resolve(import.meta.dirname, '../../docs/operate')
const page = (name: string): string => readFileSync(join(OPERATE, name), 'utf8')
/** The YAML reader that mocha brings. */
const here = createRequire(import.meta.url)
const yaml = createRequire(here.resolve('mocha'))('js-yaml') as { loadAll(text: string): unknown[] }

// biome-ignore lint/suspicious/noExplicitAny: whatever stands in a manifest
type Any = any

/** Parsed by the real command, which then finds no chain at the address that nobody listens at. */
async function expectFlags(args: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-flags-'))
  try {
    const key = ['1'.repeat(64), '\n'].join('')
    writeFileSync(join(folder, 'key'), key, { mode: 0o600 })
    const environment = {
      ...{ BITCDN_HOME: folder, BITCDN_RPC: 'http://127.0.0.1:1', BITCDN_KEY: join(folder, 'key') },
      BITCDN_REGISTRY: `0x${'5'.repeat(40)}`,
    }
    const given = args.map((arg) => arg.replace(/^--key=.*/, `--key=${join(folder, 'key')}`))
    const { code, err } = await bitcdn(given, environment)
    expect(err, args.join(' ')).to.match(/127\.0\.0\.1:1\b/)
    expect(code, err).to.equal(5)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('docs/operate: units of systemd', () => {
  const UNITS = ['bitcdn-seeder.service', 'bitcdn-gateway.service']
  const lines = (unit: string) => page(unit).split('\n')

  it('start and stop with what the command line takes', async () => {
    for (const unit of UNITS) {
      const of = (name: string) =>
        lines(unit)
          .find((line) => line.startsWith(`${name}=`))
          ?.slice(name.length + 1) ?? ''
      const [variable = ''] = /\$\w+/.exec(of('ExecStart')) ?? []
      const value = lines(unit).find((line) => line.startsWith(`#   ${variable.slice(1)}=`))
      expect(value, unit).to.not.equal(undefined)
      const said = String(value).split('=').slice(1).join('=')
      const args = of('ExecStart')
        .replace(variable, said)
        .replace('0x…', `0x${'6'.repeat(40)}`)
      expect(args).to.match(/^\/usr\/local\/bin\/bitcdn (seed|gateway) /)
      await expectFlags(args.split(' ').slice(1))
      const stop = await bitcdn(of('ExecStop').split(' ').slice(1), { BITCDN_HOME: '/nonexistent' })
      expect(stop.err).to.not.include('unknown')
      const known = Object.values(SETTINGS).map(({ env }) => env as string)
      for (const [, name] of of('Environment').matchAll(/(\w+)=/g)) expect([...known, 'BITCDN_HOME']).to.include(name)
    }
  })
})

describe('docs/operate/kubernetes.yaml', () => {
  const all = yaml.loadAll(page('kubernetes.yaml')) as Any[]
  const of = (kind: string): Any[] => all.filter((each) => each.kind === kind)
  const workloads = [...of('Deployment'), ...of('StatefulSet')]
  const programs = workloads.filter(({ metadata }) => metadata.name !== 'postgresql')
  const containersOf = ({ spec }: Any): Any[] => [
    ...(spec.template.spec.initContainers ?? []),
    ...spec.template.spec.containers,
  ]
  const config = of('ConfigMap').find(({ metadata }) => metadata.name === 'bitcdn').data as Record<string, string>

  it('has every object once, with an API that serves it, in the one namespace', () => {
    const API: Record<string, string> = {
      ...{ Namespace: 'v1', ConfigMap: 'v1', Service: 'v1', PersistentVolumeClaim: 'v1' },
      ...{ Deployment: 'apps/v1', StatefulSet: 'apps/v1', PodDisruptionBudget: 'policy/v1' },
      NetworkPolicy: 'networking.k8s.io/v1',
    }
    const names = all.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(new Set(names).size).to.equal(names.length)
    for (const { kind, apiVersion, metadata } of all) {
      expect(apiVersion, kind).to.equal(API[kind])
      expect(metadata.name).to.match(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
      if (kind !== 'Namespace') expect(metadata.namespace, metadata.name).to.equal('bitcdn')
    }
  })

  it('has no field that there is not', () => {
    const probe = ['httpGet', 'exec', 'periodSeconds', 'timeoutSeconds', 'failureThreshold']
    const FIELDS: Record<string, readonly string[]> = {
      workload: [
        ...['replicas', 'selector', 'template', 'strategy', 'serviceName', 'podManagementPolicy', 'updateStrategy'],
        'volumeClaimTemplates',
      ],
      pod: [
        ...['automountServiceAccountToken', 'enableServiceLinks', 'terminationGracePeriodSeconds', 'securityContext'],
        ...['topologySpreadConstraints', 'initContainers', 'containers', 'volumes'],
      ],
      container: [
        ...['name', 'image', 'command', 'args', 'env', 'envFrom', 'ports', 'resources', 'securityContext'],
        ...['volumeMounts', 'startupProbe', 'readinessProbe', 'livenessProbe'],
      ],
      port: ['name', 'containerPort', 'protocol'],
      service: ['clusterIP', 'type', 'externalTrafficPolicy', 'selector', 'ports'],
      servicePort: ['name', 'port', 'targetPort', 'nodePort', 'protocol'],
      policy: ['podSelector', 'policyTypes', 'ingress', 'egress'],
      rule: ['from', 'to', 'ports'],
    }
    const only = (value: Any, name: string): void => {
      expect(FIELDS[name], `${name} ${JSON.stringify(value)}`).to.include.members(Object.keys(value))
    }
    for (const each of workloads) {
      only(each.spec, 'workload')
      only(each.spec.template.spec, 'pod')
      for (const container of containersOf(each)) {
        only(container, 'container')
        for (const port of container.ports ?? []) only(port, 'port')
        for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe'])
          expect(probe).to.include.members(Object.keys(container[name] ?? {}))
      }
    }
    for (const { spec } of of('Service')) {
      only(spec, 'service')
      for (const port of spec.ports) only(port, 'servicePort')
    }
    for (const { spec } of of('NetworkPolicy')) {
      only(spec, 'policy')
      for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) only(rule, 'rule')
    }
  })

  it('selects what it means', () => {
    const labels = workloads.map(({ spec }) => spec.template.metadata.labels)
    const names = of('StatefulSet').flatMap(({ metadata, spec }) =>
      Array.from({ length: spec.replicas }, (_, at) => ({
        'statefulset.kubernetes.io/pod-name': `${metadata.name}-${at}`,
      })),
    )
    const isThere = (wanted: Any): boolean =>
      [...labels, ...names].some((each) => Object.entries(wanted).every(([name, value]) => each[name] === value))
    for (const { metadata, spec } of workloads) {
      expect(spec.template.metadata.labels, metadata.name).to.include(spec.selector.matchLabels)
    }
    for (const { metadata, spec } of of('Service')) expect(isThere(spec.selector), metadata.name).to.equal(true)
    for (const { metadata, spec } of of('PodDisruptionBudget'))
      expect(isThere(spec.selector.matchLabels), metadata.name).to.equal(true)
    for (const { metadata, spec } of of('NetworkPolicy'))
      expect(isThere(spec.podSelector.matchLabels ?? {}), metadata.name).to.equal(true)
    for (const { spec } of of('StatefulSet')) {
      const service = of('Service').find(({ metadata }) => metadata.name === spec.serviceName)
      expect(service?.spec.clusterIP, spec.serviceName).to.equal('None')
    }
  })

  it('mounts volumes that there are, and refers to objects that are here or that its first lines make', () => {
    const [head = ''] = page('kubernetes.yaml').split('apiVersion')
    const made = (kind: string, name: string): boolean =>
      of(kind).some(({ metadata }) => metadata.name === name) || head.includes(` ${name} `)
    for (const each of workloads) {
      const { volumes } = each.spec.template.spec
      const claims = (each.spec.volumeClaimTemplates ?? []).map(({ metadata }: Any) => metadata.name)
      const known = [...volumes.map(({ name }: Any) => name), ...claims]
      for (const { volumeMounts = [], envFrom = [], env = [] } of containersOf(each)) {
        for (const { name } of volumeMounts) expect(known).to.include(name)
        for (const { configMapRef } of envFrom) expect(made('ConfigMap', configMapRef.name)).to.equal(true)
        for (const { valueFrom } of env) expect(valueFrom?.secretKeyRef, 'secrets are files').to.equal(undefined)
      }
      for (const { secret, configMap, persistentVolumeClaim } of volumes) {
        if (secret !== undefined) {
          expect(head).to.include(`secret generic ${secret.secretName} `)
          for (const { key } of secret.items ?? []) expect(head).to.include(`=${key}=`)
        }
        if (configMap !== undefined) expect(made('ConfigMap', configMap.name), configMap.name).to.equal(true)
        if (persistentVolumeClaim !== undefined)
          expect(made('PersistentVolumeClaim', persistentVolumeClaim.claimName)).to.equal(true)
      }
    }
    const copied = [...page('kubernetes.yaml').matchAll(/ \/secrets\/(\S+\.key) /g)].map(([, name]) => name)
    expect(copied).to.have.members(['gateway.key', 'seeder.key'])
    for (const name of copied) expect(head).to.include(`--from-file=${name}`)
  })

  it('probes ports and paths that the monitor answers, and every container has what it may use', () => {
    const port = Number(config.BITCDN_MONITOR?.split(':')[1])
    for (const each of programs) {
      for (const container of each.spec.template.spec.containers) {
        const ports = new Map<string, number>(
          container.ports.map(({ name, containerPort }: Any) => [name, containerPort]),
        )
        for (const [name, path] of [
          ['startupProbe', '/healthz'],
          ['livenessProbe', '/healthz'],
          ['readinessProbe', '/readyz'],
        ] as const) {
          expect(container[name].httpGet.path, name).to.equal(path)
          expect(ports.get(container[name].httpGet.port)).to.equal(port)
        }
        const value = (flag: string): string | undefined =>
          container.args.find((arg: string) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1)
        if (ports.has('http')) expect(ports.get('http')).to.equal(Number(value('--port')))
        if (ports.has('libp2p')) expect(value('--listen')).to.match(new RegExp(`/tcp/${ports.get('libp2p')}$`))
        const { terminationGracePeriodSeconds } = each.spec.template.spec
        expect(terminationGracePeriodSeconds, 'longer than a drain').to.be.at.least(60)
      }
    }
    for (const each of workloads) {
      expect(each.spec.template.spec.securityContext.runAsNonRoot).to.equal(true)
      expect(each.spec.template.spec.automountServiceAccountToken).to.equal(false)
      for (const { name, resources, securityContext } of containersOf(each)) {
        expect(resources.limits.memory, name).to.match(/^\d+[MG]i$/)
        expect(resources.requests, name).to.have.all.keys('cpu', 'memory')
        expect(securityContext, name).to.deep.include({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false })
        expect(securityContext.capabilities.drop).to.deep.equal(['ALL'])
      }
    }
    for (const service of of('Service')) {
      const target = programs.find(({ metadata }) => metadata.name === service.metadata.name.split('-')[0])
      if (target === undefined) continue
      const names = target.spec.template.spec.containers[0].ports.map(({ name }: Any) => name)
      for (const { targetPort } of service.spec.ports) expect(names).to.include(targetPort)
    }
  })

  it('starts with what the command line takes, and settings that there are', async () => {
    const known = Object.values(SETTINGS).map(({ env }) => env as string)
    for (const name of Object.keys(config)) expect([...known, 'PGPASSFILE']).to.include(name)
    for (const { spec } of programs) {
      const [container] = spec.template.spec.containers
      const names = new Set((container.env ?? []).map(({ name }: Any) => name))
      for (const arg of container.args)
        for (const [, name] of arg.matchAll(/\$\((\w+)\)/g)) expect([...names]).to.include(name)
      const args = container.args.map((arg: string) =>
        arg
          .replace('0xREPLACE', `0x${'6'.repeat(40)}`)
          .replace('$(HOST_IP)', '203.0.113.7')
          .replaceAll('$(POD_INDEX)', '0'),
      )
      await expectFlags(args)
    }
  })

  it('keeps secrets out, but for placeholders', () => {
    expect(of('Secret')).to.deep.equal([])
    expect(page('kubernetes.yaml')).to.not.match(/\b[0-9a-f]{64}\b/)
  })
})

describe('docs/operate/Dockerfile', () => {
  const lines = page('Dockerfile').replaceAll(/\\\n/g, ' ').split('\n')
  const of = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1).trim())

  it('names the images that it is made from by their whole version, and runs without rights', () => {
    for (const image of of('FROM')) expect(image).to.match(/^node:24\.\d+\.\d+-bookworm-slim( AS \w+)?$/)
    expect(of('USER')).to.deep.equal(['10001:10001'])
    expect(lines.findIndex((line) => line.startsWith('USER'))).to.be.above(
      lines.findLastIndex((line) => line.startsWith('RUN')),
    )
  })

  it('takes from the repository what is there and what it does not leave out', () => {
    const taken = page('Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
    for (const line of of('COPY').filter((each) => !each.startsWith('--from'))) {
      for (const path of line.split(/\s+/).slice(0, -1)) {
        expect(existsSync(resolve(OPERATE, '../..', path)), path).to.equal(true)
        expect(taken, path).to.include(`!${path}`)
      }
    }
  })

  it('says with settings that there are where the monitor answers its health check', () => {
    const environment = Object.fromEntries([...(of('ENV')[0] ?? '').matchAll(/(\w+)=(\S+)/g)].map(([, a, b]) => [a, b]))
    const known = [
      ...Object.values(SETTINGS).map(({ env }) => env as string),
      'BITCDN_HOME',
      'NODE_ENV',
      'NODE_OPTIONS',
    ]
    expect(known).to.include.members(Object.keys(environment))
    const port = environment.BITCDN_MONITOR?.split(':')[1]
    expect(of('HEALTHCHECK')[0]).to.include(`http://127.0.0.1:${port}/healthz`)
    expect(of('VOLUME')[0]).to.equal(environment.BITCDN_HOME)
    const listen = environment.BITCDN_LISTEN?.split('/').at(-1)
    expect(of('EXPOSE')[0]).to.equal(`${listen} ${listen}/udp ${port}`)
  })
})
