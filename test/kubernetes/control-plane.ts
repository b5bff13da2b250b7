import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stringify } from 'yaml'
import { waitFor } from '../k3s/results.ts'
import { apiClient, type Api } from './api.ts'
import type { Program } from './build.ts'

/** kubectl context of the cluster. */
export const CONTEXT = 'labbook-kubernetes'
const LOCALHOST = '127.0.0.1'

export interface ControlPlane {
  readonly directory: string
  /** Has one context, {@link CONTEXT}. */
  readonly kubeconfig: string
  readonly api: Api
  /** Ends all programs and removes their files. */
  stop(): Promise<void>
}

/**
 * Starts etcd, the API server, the controllers and the scheduler on loopback, in a temporary directory: a cluster
 * without nodes.
 */
export async function startControlPlane(programs: Readonly<Record<Program, string>>): Promise<ControlPlane> {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-kubernetes-'))
  const file = (name: string): string => path.join(directory, name)
  const children: Service[] = []
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await end(child)
    rmSync(directory, { recursive: true, force: true })
  }
  // A test that is interrupted leaves no program.
  process.once('exit', () => {
    for (const { child } of children) child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })
  process.once('SIGTERM', () => process.exit(143))
  const start = (name: string, program: string, options: Readonly<Record<string, string>>): void => {
    children.push(service(name, program, options, file(`${name}.log`)))
  }
  try {
    const [client, peer, secure] = [await freePort(), await freePort(), await freePort()]
    const [etcd, server] = [`http://${LOCALHOST}:${client}`, `https://${LOCALHOST}:${secure}`]
    const token = randomBytes(16).toString('hex')
    writeFileSync(file('tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 })
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    writeFileSync(file('accounts.key'), privateKey, { mode: 0o600 })
    writeFileSync(file('accounts.pub'), publicKey)
    mkdirSync(file('certificates'))
    writeFileSync(file('kubeconfig'), stringify(kubeconfig(server, token)), { mode: 0o600 })
    start('etcd', 'etcd', {
      'data-dir': file('etcd'),
      'listen-client-urls': etcd,
      'advertise-client-urls': etcd,
      'listen-peer-urls': `http://${LOCALHOST}:${peer}`,
    })
    start('kube-apiserver', programs['kube-apiserver'], {
      'etcd-servers': etcd,
      'bind-address': LOCALHOST,
      'secure-port': String(secure),
      // It creates its certificate there.
      'cert-dir': file('certificates'),
      'token-auth-file': file('tokens.csv'),
      'authorization-mode': 'RBAC',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': file('accounts.pub'),
      'service-account-signing-key-file': file('accounts.key'),
      'service-cluster-ip-range': '10.43.0.0/16',
      // Nothing in this cluster reaches the API by its Service, and no address of loopback is allowed there.
      'endpoint-reconciler-type': 'none',
    })
    const api = apiClient(server, token)
    await waitFor('the API is ready', async () => (assertRunning(children), (await api('GET', '/readyz')) && true), 120)
    const clientOf = { kubeconfig: file('kubeconfig'), 'leader-elect': 'false', 'secure-port': '0' }
    start('kube-controller-manager', programs['kube-controller-manager'], {
      ...clientOf,
      'service-account-private-key-file': file('accounts.key'),
      'root-ca-file': file('certificates/apiserver.crt'),
      'horizontal-pod-autoscaler-sync-period': '2s',
    })
    start('kube-scheduler', programs['kube-scheduler'], clientOf)
    await waitFor('the controllers run', async () => {
      assertRunning(children)
      return (await api('GET', '/api/v1/namespaces/default/serviceaccounts/default')) && true
    })
    return { directory, kubeconfig: file('kubeconfig'), api, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const kubeconfig = (server: string, token: string): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: CONTEXT, cluster: { server, 'insecure-skip-tls-verify': true } }],
  users: [{ name: CONTEXT, user: { token } }],
  contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: CONTEXT } }],
  'current-context': CONTEXT,
})

interface Service {
  readonly name: string
  readonly log: string
  readonly child: ChildProcess
}

function service(name: string, program: string, options: Readonly<Record<string, string>>, log: string): Service {
  const output = openSync(log, 'a', 0o600)
  const child = spawn(
    program,
    Object.entries(options).map(([option, value]) => `--${option}=${value}`),
    { stdio: ['ignore', output, output] },
  )
  closeSync(output)
  // A program that is missing: `exitCode` stays null.
  child.on('error', ({ message }) => {
    writeFileSync(log, message)
    child.kill()
  })
  return { name, log, child }
}

const hasEnded = ({ child }: Service): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

/** @throws {Error} if a program has ended, with the end of its log. */
function assertRunning(children: readonly Service[]): void {
  const ended = children.find(hasEnded)
  if (ended !== undefined) throw new Error(`${ended.name} has ended: ${readFileSync(ended.log, 'utf8').slice(-1500)}`)
}

async function end(each: Service): Promise<void> {
  if (hasEnded(each)) return
  const closed = new Promise((resolve) => each.child.once('exit', resolve))
  each.child.kill('SIGTERM')
  const timer = setTimeout(() => each.child.kill('SIGKILL'), 10_000)
  await closed
  clearTimeout(timer)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, LOCALHOST, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
