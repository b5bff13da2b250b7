import * as z from 'zod'
import {
  installedVersion,
  namesIn,
  parseApt,
  updatesCache,
  withoutVersion,
  type AptParams,
} from '../support/apt-facts.ts'
import { AUTOMATIC, planApt, setLists } from '../support/apt-plan.ts'
import { hasPattern, isPattern, matchedNames, probeOfMatches } from '../support/apt-patterns.ts'
import { LISTS, probeApt } from '../support/apt-probe.ts'
import { contentOf } from '../support/effects.ts'
import { targetFile } from '../support/params.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

/** A version cannot end with a hyphen; apt-get would take it as a request to remove the package. */
const PACKAGE =
  /^[a-z0-9][a-z0-9+.-]*(:[a-z0-9-]+)?(=[A-Za-z0-9.+:~*-]*[A-Za-z0-9.+:~*]|>=[A-Za-z0-9.+:~-]*[A-Za-z0-9.+:~])?$/
const PATTERN = /^[a-z0-9*?[][a-z0-9+.*?[\]!-]*$/
const packageName = z
  .string()
  .refine((name) => PACKAGE.test(name) || (isPattern(name) && PATTERN.test(name)), {
    error: 'must be a package name such as curl, libc6:amd64, docker.io=20.10* or curl>=7.88, or a pattern such as php8*',
  })

const schema = z
  .strictObject({
    /**
     * `curl`, `curl=7.88*`, `curl>=7.88`, `libc6:amd64`, or a pattern for all packages that apt knows: `php8*`. Taken literally: `NAME-` does not remove NAME, and `lib.` is
     * no regular expression. With `present` and `latest`, a package that was installed as a dependency is marked as
     * manually installed. Unlike in Ansible, that counts as a change, and a virtual package that an installed package
     * provides is ok.
     */
    name: z.union([packageName, z.array(packageName)]).optional(),
    /** `absent` with a version removes only that version. */
    state: z.enum(['present', 'absent', 'latest']).default('present'),
    /**
     * Run `apt-get update` before an install. Unlike in Ansible, nothing is fetched if there is nothing to install: a
     * second run changes nothing and needs no network. In check mode, an install that apt-get refuses with the present
     * package lists is unknown.
     */
    update_cache: z.boolean().default(false),
    /**
     * Seconds for which the apt cache counts as fresh; implies `update_cache`. Without it, the cache is updated before
     * each install and, without a name, once an hour.
     */
    cache_valid_time: z.int().min(0).optional(),
    install_recommends: z.boolean().optional(),
    default_release: z.string().optional(),
    allow_downgrade: z.boolean().default(false),
    /** With `absent`: remove configuration files too. */
    purge: z.boolean().default(false),
    /** Remove dependencies that are no longer required: with `absent`, with `upgrade`, or without both and a name. */
    autoremove: z.boolean().default(false),
    /** Do not install packages: only those that are installed get the version. */
    only_upgrade: z.boolean().default(false),
    /** Change packages that are on hold. */
    allow_change_held_packages: z.boolean().default(false),
    /** Upgrade all packages: `yes`, `safe` by apt-get upgrade --with-new-pkgs; `full`, `dist` by dist-upgrade. */
    upgrade: z
      .union([
        z.boolean().transform((on) => (on ? ('yes' as const) : ('no' as const))),
        z.enum(['no', 'yes', 'safe', 'full', 'dist']),
      ])
      .default('no'),
    /** A `.deb` file on the host. A URL is refused: download it with `get_url`. */
    deb: targetFile.optional(),
    /** Remove downloaded packages that no repository has any more. */
    autoclean: z.boolean().default(false),
    /** Remove all downloaded packages. Unlike in Ansible, ok if there are none. */
    clean: z.boolean().default(false),
    /** Options of dpkg, without `--`. */
    dpkg_options: z
      .union([z.string().transform((text) => text.split(',').map((option) => option.trim())), z.array(z.string())])
      .pipe(z.array(z.string().regex(/^[a-z][a-z0-9=,:_./-]*$/, { error: 'must be options such as force-confold' })))
      .default(['force-confdef', 'force-confold']),
    /** Seconds to wait for the dpkg lock. */
    lock_timeout: z.int().min(0).default(300),
  })
  .refine(
    (params) =>
      updatesCache(params) ||
      namesIn(params).length > 0 ||
      changesWithoutName(params) ||
      params.clean ||
      params.autoclean,
    'set name, deb, upgrade, autoremove, clean, autoclean or update_cache: true',
  )
  .refine(
    (params) =>
      [namesIn(params).length > 0, params.deb !== undefined, params.upgrade !== 'no'].filter(Boolean).length <= 1,
    'set only one of name, deb and upgrade',
  )
  .refine((params) => !hasPattern(params) || namesIn(params).every((name) => isPattern(name) || !/[=:]/.test(name)), {
    error: 'a pattern cannot be in one list with versions or architectures: write two tasks',
  })
  .refine((params) => !hasPattern(params) || !updatesCache(params) || params.state === 'absent', {
    error: 'what a pattern stands for depends on the package lists: update the cache in a task before',
  })
  .refine(
    (params) => params.state !== 'latest' || !namesIn(params).some((name) => name.includes('=')),
    'state: latest cannot be combined with a version',
  )

/** Whether packages change without a name in the parameters. */
function changesWithoutName({ deb, upgrade, autoremove }: Pick<AptParams, 'deb' | 'upgrade' | 'autoremove'>): boolean {
  return deb !== undefined || upgrade !== 'no' || autoremove
}

/** Installed packages. */
export interface AptValues {
  /** Installed version by name; null if not installed. */
  readonly packages: Readonly<Record<string, string | null>>
}

/**
 * Installs, upgrades and removes Debian packages. Where the package lists need no update, apt-get is asked first
 * whether it would refuse. Unlike in Ansible, an interrupted dpkg run is repaired first, package lists older than the
 * sources are stale, and a package that exists only for a foreign architecture can be named without it.
 */
export const apt = defineModule<typeof schema, AptValues>({
  name: 'apt',
  schema,
  reads(params) {
    const names = namesIn(params)
    const refreshes = updatesCache(params) && (names.length === 0 || params.state === 'latest')
    return [
      '/var/lib/dpkg/',
      ...names.map((name) => `package:${withoutVersion(name)}`),
      ...(params.autoremove ? [AUTOMATIC] : []),
      ...(params.deb === undefined ? [] : contentOf(params.deb)),
      ...(params.clean || params.autoclean ? ['/var/cache/apt/archives/'] : []),
      ...(hasPattern(params) || refreshes || params.state === 'latest' || params.upgrade !== 'no' || params.autoclean
        ? ['/etc/apt/', LISTS]
        : []),
    ]
  },
  // Maintainer scripts may change anything.
  sets: (params) => (namesIn(params).length === 0 && !changesWithoutName(params) ? setLists : undefined),
  title: titleOf,
  timeLimitSeconds: (params) => 1800 + params.lock_timeout,
  probe: (params) => probeApt(params, hasPattern(params) ? probeOfMatches : undefined),
  plan(given, observed) {
    if (observed.exitCode === 127)
      return { changes: [], problem: 'apt-get not found: the apt module supports Debian and its derivatives' }
    if (observed.exitCode !== 0) return { changes: [], problem: `cannot query packages: ${lastLine(observed.stderr)}` }
    const names = hasPattern(given) ? matchedNames(observed.stdout) : namesIn(given)
    if (typeof names === 'string') return { changes: [], problem: names, reads: ['/etc/apt/', LISTS] }
    const params = hasPattern(given) ? { ...given, name: [...names] } : given
    const facts = parseApt(observed.stdout)
    const values = {
      packages: Object.fromEntries(namesIn(params).map((name) => [name, installedVersion(facts, name)])),
    }
    const outcome = planApt(params, facts, observed.stdout)
    // An earlier task may bring the package, or the right to install it.
    return typeof outcome === 'string'
      ? { changes: [], values, problem: outcome, reads: ['/etc/apt/', LISTS, '/var/lib/dpkg/'] }
      : { changes: outcome, values }
  },
})

function titleOf(params: AptParams): string {
  const { deb, upgrade, autoremove, clean, autoclean } = params
  if (namesIn(params).length > 0) return namesIn(params).join(', ')
  if (deb !== undefined) return deb
  if (upgrade !== 'no') return 'upgrade all packages'
  if (autoremove) return 'unused dependencies'
  return clean || autoclean ? 'downloaded packages' : 'package lists'
}
