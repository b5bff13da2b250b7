import * as z from 'zod'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  /** The package manager. `auto`: that of the host. */
  manager: z
    .union([z.enum(['auto', 'apt', 'rpm', 'apk']), z.array(z.enum(['auto', 'apt', 'rpm', 'apk'])).length(1)])
    .transform((manager) => [manager].flat()[0] as 'auto' | 'apt' | 'rpm' | 'apk')
    .default('auto'),
})

interface InstalledPackage {
  readonly name: string
  readonly version: string
  readonly arch: string
  readonly source: 'apt' | 'rpm' | 'apk'
  /** Of rpm. */
  readonly release?: string
  /** Of rpm. */
  readonly epoch?: number | null
  /** Section of a Debian package. */
  readonly category?: string
}

export interface PackageFacts {
  /** By name, each installed version and architecture. */
  readonly packages: Readonly<Record<string, readonly InstalledPackage[]>>
}

/** Databases of package managers. */
const DATABASES = ['/var/lib/dpkg/', '/var/lib/rpm/', '/usr/lib/sysimage/rpm/', '/lib/apk/db/']

const QUERIES = {
  apt: `dpkg-query -W -f='\${db:Status-Abbrev}\\t\${Package}\\t\${Version}\\t\${Architecture}\\t\${Section}\\n'`,
  rpm: `rpm -qa --qf 'rpm\\t%{NAME}\\t%{VERSION}\\t%{ARCH}\\t%{RELEASE}\\t%{EPOCH}\\n'`,
  apk: 'apk list --installed 2>/dev/null',
} as const
const COMMANDS = { apt: 'dpkg-query', rpm: 'rpm', apk: 'apk' } as const

/** Lists the installed packages, as `packages` of the registered value. No Python library is needed. */
export const package_facts = defineModule<typeof schema, PackageFacts>({
  name: 'package_facts',
  schema,
  title: ({ manager }) => manager,
  reads: () => DATABASES,
  sets: () => [],
  probe({ manager }) {
    const managers = manager === 'auto' ? (['apt', 'apk', 'rpm'] as const) : [manager]
    const branches = managers.map(
      (name, place) =>
        `${place === 0 ? 'if' : 'elif'} command -v ${COMMANDS[name]} >/dev/null; then echo ${name}; ${QUERIES[name]} || exit`,
    )
    return ['export LC_ALL=C', ...branches, 'else exit 127; fi'].join('\n')
  },
  plan({ manager }, { stdout, stderr, exitCode }) {
    if (exitCode === 127)
      return {
        changes: [],
        problem: `${manager === 'auto' ? 'neither dpkg, apk nor rpm' : `no ${COMMANDS[manager]}`} on this host`,
      }
    if (exitCode !== 0)
      return { changes: [], problem: `cannot list packages: ${lastLine(stderr) || `exit code ${exitCode}`}` }
    const [source, ...lines] = stdout.split('\n')
    const packages: Record<string, InstalledPackage[]> = {}
    for (const each of lines.flatMap((line) => parsePackage(source, line))) (packages[each.name] ??= []).push(each)
    return { changes: [], values: { packages } }
  },
})

function parsePackage(source: string | undefined, line: string): InstalledPackage[] {
  if (line === '') return []
  if (source === 'apk') {
    // NAME-VERSION-rN ARCH {ORIGIN} (LICENSE) [installed]
    const [, name, version, arch] = /^(\S+)-(\d\S*-r\d+) (\S+) /.exec(line) ?? []
    return name === undefined || version === undefined || arch === undefined ? [] : [{ name, version, arch, source }]
  }
  const [status = '', name = '', version = '', arch = '', extra = '', epoch = ''] = line.split('\t')
  if (source === 'rpm')
    return [{ name, version, arch, source, release: extra, epoch: epoch === '(none)' ? null : Number(epoch) }]
  // Configured or with pending triggers: as for python-apt, others are not installed.
  return /^.[itW]/.test(status) ? [{ name, version, arch, source: 'apt', category: extra }] : []
}
