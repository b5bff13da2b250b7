import { apt, command, copy, file, get_url, PlaybookError, shell } from '../../src/labbook.ts'

/** What Docker signs its packages with. Its own documentation names them; a key that is another one is not taken. */
const FINGERPRINTS = {
  deb: '9DC858229FC7DD38854AE2D88D81803C0EBFCD88',
  rpm: '060A61C51B558A7F742B77AAC52FEB6B621E9F35',
} as const
const SITE = 'https://download.docker.com/linux'
const PACKAGES = ['docker-ce', 'docker-ce-cli', 'containerd.io']
const FETCHED = '/var/lib/labbook/docker-key.asc'

/** @throws {PlaybookError} neither of the two. The words of earlier inventories are still taken. */
export function sourceOf(value: unknown): 'distro' | 'docker-ce' {
  if (value === undefined || value === 'distro' || value === 'distribution') return 'distro'
  if (value === 'docker-ce' || value === 'docker') return 'docker-ce'
  throw new PlaybookError(`docker_source is distro or docker-ce, not "${String(value)}"`)
}

const UNREACHABLE =
  "Key of Docker's own repository (a host that cannot reach download.docker.com needs docker_source: distro)"

/** Tasks that install Docker from Docker's own repository, on machines of the Debian, Ubuntu and Fedora families. */
export function dockerCe(facts: Readonly<Record<string, unknown>>) {
  const distribution = String(facts.distribution ?? 'Debian')
  if (facts.os_family === 'RedHat')
    return fromRpm(distribution === 'Fedora' ? 'fedora' : distribution === 'RedHat' ? 'rhel' : 'centos')
  if (facts.os_family !== undefined && facts.os_family !== 'Debian') {
    throw new PlaybookError(
      `docker_source: docker-ce is for the families of Debian, Ubuntu and Fedora, and this is ${distribution}: use docker_source: distro`,
    )
  }
  return fromDeb(distribution === 'Ubuntu' ? 'ubuntu' : 'debian', String(facts.distribution_release))
}

/** Trusted only once its fingerprint was seen to be Docker's; what lies at `dest` was. */
const keyTasks = (url: string, dest: string, fingerprint: string) => [
  file('Folder for what is fetched', { path: '/var/lib/labbook', state: 'directory', mode: '0755' }),
  get_url(UNREACHABLE, { url, dest: FETCHED, mode: '0644' }),
  shell("The key is Docker's", {
    cmd: `home=$(mktemp -d) && found=$(gpg --batch --no-options --homedir "$home" --show-keys --with-colons ${FETCHED} | awk -F: '$1 == "fpr" { print $10; exit }'); rm -rf "$home"
[ "$found" = ${fingerprint} ] || { rm -f ${FETCHED}; echo "the key at ${url} is $found and not Docker's ${fingerprint}: not trusted, and nothing is installed" >&2; exit 1; }
install -D -m 644 ${FETCHED} ${dest}`,
    creates: dest,
  }),
]

function fromDeb(site: string, release: string) {
  const key = '/etc/apt/keyrings/docker.asc'
  return [
    apt('What the repository needs', {
      name: ['ca-certificates', 'curl', 'gpg'],
      update_cache: true,
      cache_valid_time: 3600,
      install_recommends: false,
    }),
    keyTasks(`${SITE}/${site}/gpg`, key, FINGERPRINTS.deb),
    copy('Docker repository', {
      dest: '/etc/apt/sources.list.d/docker.sources',
      mode: '0644',
      content: [
        'Types: deb',
        `URIs: ${SITE}/${site}`,
        `Suites: ${release}`,
        'Components: stable',
        `Signed-By: ${key}`,
        '',
      ].join('\n'),
    }),
    apt('Install Docker', { name: PACKAGES, update_cache: true }),
  ]
}

function fromRpm(site: string) {
  const key = '/etc/pki/rpm-gpg/docker.asc'
  return [
    command('What the repository needs', {
      cmd: 'dnf -y install ca-certificates curl gnupg2',
      creates: '/usr/bin/gpg',
    }),
    keyTasks(`${SITE}/${site}/gpg`, key, FINGERPRINTS.rpm),
    copy('Docker repository', {
      dest: '/etc/yum.repos.d/docker-ce.repo',
      mode: '0644',
      content: [
        '[docker-ce-stable]',
        'name=Docker CE Stable',
        `baseurl=${SITE}/${site}/$releasever/$basearch/stable`,
        'enabled=1',
        'gpgcheck=1',
        `gpgkey=file://${key}`,
        '',
      ].join('\n'),
    }),
    command('Install Docker', { cmd: `dnf -y install ${PACKAGES.join(' ')}`, creates: '/usr/bin/dockerd' }),
  ]
}
