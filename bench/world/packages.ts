import { output } from './command.ts'

/** Debian packages of the benchmark. */
const PACKAGES = [
  'openssh-server',
  'openssh-client',
  'mmdebstrap',
  'iproute2',
  'util-linux',
  'mount',
  'tcpdump',
  'findutils',
  'python3',
  'python3-venv',
]
/** Other runners. Those missing in the distribution are omitted, with a note. */
const OTHER_RUNNERS = ['ansible', 'ansible-mitogen']

async function isInstalled(name: string): Promise<boolean> {
  const status = await output('dpkg-query', ['-W', '-f=${db:Status-Status}', name]).catch(() => '')
  return status === 'installed'
}

async function missing(names: readonly string[]): Promise<string[]> {
  const installed = await Promise.all(names.map(isInstalled))
  return names.filter((_, index) => !installed[index])
}

async function install(names: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await output('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], { env })
}

/** Installs missing packages. @returns a note per unavailable runner. @throws {Error} for anything else. */
export async function installPackages(say: (line: string) => void): Promise<string[]> {
  const needed = await missing(PACKAGES)
  const rivals = await missing(OTHER_RUNNERS)
  if (needed.length + rivals.length === 0) return []
  say(`installing: ${[...needed, ...rivals].join(', ')}`)
  await output('apt-get', ['update', '-q'])
  if (needed.length > 0) await install(needed)
  const notes: string[] = []
  for (const rival of rivals) {
    await install([rival]).catch((error: unknown) => notes.push(`${rival}: not installed: ${(error as Error).message}`))
  }
  return notes
}

/** The version of an installed Debian package. */
export const packageVersion = async (name: string): Promise<string | undefined> =>
  (await output('dpkg-query', ['-W', '-f=${Version}', name]).catch(() => '')) || undefined
