import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import path from 'node:path'
import { signingKey } from './signing-key.ts'

/*
 * A package repository like Docker's: the packages of this machine's distribution with the names and relations that
 * Docker's have, signed, served over HTTPS.
 */

/** Directories and suites, as in Docker's repository. */
const SUITES = { debian: ['bookworm'], ubuntu: ['jammy', 'noble'] } as const

interface Repackaged {
  readonly name: string
  /** The distribution's packages that it consists of. */
  readonly from: readonly string[]
  /** Paths that another package of the repository has. */
  readonly without: readonly string[]
  readonly depends: readonly string[]
  readonly conflicts: readonly string[]
}

const PACKAGES: readonly Repackaged[] = [
  {
    name: 'containerd.io',
    from: ['containerd', 'runc'],
    without: [],
    depends: ['libc6', 'libseccomp2'],
    conflicts: ['containerd', 'runc'],
  },
  {
    name: 'docker-ce-cli',
    from: ['docker.io'],
    without: ['etc', 'lib', 'usr/sbin', 'usr/bin/docker-init', 'usr/bin/dnet'],
    depends: ['libc6'],
    conflicts: ['docker.io'],
  },
  {
    name: 'docker-ce',
    from: ['docker.io', 'tini'],
    without: ['usr/bin/docker', 'usr/bin/tini-static', 'usr/share'],
    depends: ['containerd.io', 'docker-ce-cli', 'iptables', 'libc6', 'libdevmapper1.02.1', 'libsystemd0', 'adduser'],
    conflicts: ['docker.io'],
  },
]

export interface DockerRepository {
  /** Value of `docker_repo_url`. */
  readonly url: string
  readonly fingerprint: string
  /** Certificate of the server's CA. */
  readonly ca: string
  /** Paths that clients have requested. */
  readonly requests: readonly string[]
  /** Ends the server, if it still runs. */
  close(): Promise<void>
}

/**
 * Creates the repository in a directory, and serves it.
 *
 * @param address - an address of this machine.
 * @throws {Error} if a package cannot be downloaded from the distribution.
 */
export async function dockerRepository(directory: string, address: string): Promise<DockerRepository> {
  const [site, parts] = [path.join(directory, 'linux'), path.join(directory, 'parts')]
  mkdirSync(parts, { recursive: true })
  const downloads = [...new Set(PACKAGES.flatMap(({ from }) => from))]
  run(parts, 'apt-get', 'download', '-o', 'APT::Sandbox::User=root', ...downloads)
  for (const name of downloads) {
    const archive = readdirSync(parts).find((file) => file.startsWith(`${name}_`)) ?? `no package ${name}`
    run(parts, 'dpkg-deb', '--raw-extract', archive, name)
  }
  const pool = path.join(directory, 'pool')
  mkdirSync(pool)
  for (const each of PACKAGES) repackage(each, parts, pool)
  const keys = signingKey(path.join(directory, 'signing'))
  for (const [distribution, suites] of Object.entries(SUITES)) {
    mkdirSync(path.join(site, distribution), { recursive: true })
    writeFileSync(path.join(site, distribution, 'gpg'), keys.publicKey)
    run(directory, 'cp', '-rl', 'pool', path.join(site, distribution, 'pool'))
    for (const suite of suites) publish(path.join(site, distribution), suite, keys.clearsign)
  }
  const requests: string[] = []
  const { server, ca } = httpsServer(directory, address, (url) => {
    requests.push(url)
    return path.join(directory, url)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, address, resolve)
  })
  const listening = server.address()
  return {
    url: `https://${address}:${typeof listening === 'object' ? String(listening?.port) : ''}/linux`,
    fingerprint: keys.fingerprint,
    ca,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Runs a command in a directory and returns its output. */
function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${String(status)}: ${stderr}`)
  return stdout
}

function repackage({ name, from, without, depends, conflicts }: Repackaged, parts: string, pool: string): void {
  const root = path.join(parts, `new-${name}`)
  mkdirSync(root)
  for (const part of from) {
    run(parts, 'cp', '-a', `${part}/.`, root)
  }
  for (const each of without) rmSync(path.join(root, each), { recursive: true, force: true })
  if (name === 'docker-ce') renameSync(path.join(root, 'usr/bin/tini'), path.join(root, 'usr/bin/docker-init'))
  // The daemon's scripts are those of docker.io; the other packages need none.
  const control = path.join(root, 'DEBIAN')
  const scripts = name === 'docker-ce' ? path.join(parts, 'docker.io', 'DEBIAN') : undefined
  const conffiles = from
    .map((part) => path.join(parts, part, 'DEBIAN/conffiles'))
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
    .filter((file) => existsSync(path.join(root, file)))
  rmSync(control, { recursive: true })
  mkdirSync(control)
  if (conffiles.length > 0) writeFileSync(path.join(control, 'conffiles'), `${conffiles.join('\n')}\n`)
  for (const script of scripts === undefined ? [] : ['postinst', 'prerm', 'postrm'])
    run(parts, 'cp', '-a', path.join(String(scripts), script), control)
  const first = String(from[0])
  const [version, architecture] = ['Version', 'Architecture'].map((field) =>
    run(parts, 'sed', '-n', `s/^${field}: //p`, `${first}/DEBIAN/control`).trim(),
  )
  writeFileSync(
    path.join(control, 'control'),
    [
      `Package: ${name}`,
      `Version: 5:${version?.replace(/^\d+:/, '')}`,
      `Architecture: ${architecture}`,
      'Maintainer: Test repository <root@localhost>',
      `Depends: ${depends.join(', ')}`,
      `Conflicts: ${conflicts.join(', ')}`,
      `Replaces: ${conflicts.join(', ')}`,
      `Provides: ${name === 'containerd.io' ? conflicts.join(', ') : `${name}-test`}`,
      'Description: repackaged for a test',
      '',
    ].join('\n'),
  )
  run(parts, 'dpkg-deb', '--build', '--root-owner-group', '-Zgzip', '-z1', root, pool)
}

/** Writes the index of a suite, and signs it. */
function publish(distribution: string, suite: string, clearsign: (text: string) => string): void {
  const architecture = run(distribution, 'dpkg', '--print-architecture').trim()
  const index = path.join('dists', suite, 'stable', `binary-${architecture}`)
  mkdirSync(path.join(distribution, index), { recursive: true })
  writeFileSync(path.join(distribution, index, 'Packages'), run(distribution, 'apt-ftparchive', 'packages', 'pool'))
  const fields = { Origin: 'Docker', Suite: suite, Codename: suite, Components: 'stable', Architectures: architecture }
  const release = run(
    distribution,
    'apt-ftparchive',
    ...Object.entries(fields).flatMap(([field, value]) => ['-o', `APT::FTPArchive::Release::${field}=${value}`]),
    'release',
    path.join('dists', suite),
  )
  writeFileSync(path.join(distribution, 'dists', suite, 'InRelease'), clearsign(release))
}

/** A server of files whose certificate a new CA has signed. */
function httpsServer(
  directory: string,
  address: string,
  fileOf: (url: string) => string,
): { readonly server: Server; readonly ca: string } {
  const openssl = (...args: string[]): string => run(directory, 'openssl', ...args)
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  )
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=Test', '-keyout', 'server.key', '-out', 'server.csr')
  writeFileSync(path.join(directory, 'server.ext'), `subjectAltName=IP:${address}\n`)
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'server.ext',
    '-out',
    'server.pem',
  )
  const read = (name: string): string => readFileSync(path.join(directory, name), 'utf8')
  const server = createServer({ key: read('server.key'), cert: read('server.pem') }, (request, response) => {
    const file = fileOf(path.posix.normalize(decodeURIComponent(new URL(request.url ?? '', 'https://x').pathname)))
    if (existsSync(file)) response.end(readFileSync(file))
    else response.writeHead(404).end()
  })
  return { server, ca: read('ca.pem') }
}
